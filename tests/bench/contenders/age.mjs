/**
 * age, by its author's TypeScript implementation, to an X25519 recipient: the way its README shows.
 *
 * *Invariant:* nothing of it is cached, as the format makes a new key exchange for every file.
 */

/** Seals and opens for one recipient. */
export async function age({ load }) {
  const typage = await load("age");
  const identity = await typage.generateX25519Identity();
  const encrypter = new typage.Encrypter();
  encrypter.addRecipient(await typage.identityToRecipient(identity));
  const decrypter = new typage.Decrypter();
  decrypter.addIdentity(identity);
  return { name: "age", seal: (data) => encrypter.encrypt(data), open: (message) => decrypter.decrypt(message) };
}
