/**
 * The platform's own AES-256-GCM, with nothing around it: no header, no wrapped key, no check of a message's end.
 *
 * *Invariant:* what it returns cannot be opened by anybody else; it is the limit that a message format is held against.
 */

const NONCE = 12;
const TAG = 16;

const newKey = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
const params = (iv) => ({ name: "AES-GCM", iv });

/** Everything in one call, under a key at hand. */
export async function oneShot() {
  const key = await newKey();
  return {
    name: "WebCrypto, one call",
    async seal(data) {
      const iv = crypto.getRandomValues(new Uint8Array(NONCE));
      return { iv, sealed: await crypto.subtle.encrypt(params(iv), key, data) };
    },
    open: async ({ iv, sealed }) => new Uint8Array(await crypto.subtle.decrypt(params(iv), key, sealed)),
  };
}

/**
 * Frames of `length` bytes, `lanes` of them in flight, under a key at hand. `joined` copies them into one array, as
 * whoever wants a message must; else they stay the separate buffers that WebCrypto makes.
 */
export async function frames({ length, lanes = 8, joined }) {
  const key = await newKey();
  const nonce = (number) => {
    const iv = new Uint8Array(NONCE);
    new DataView(iv.buffer).setUint32(8, number + 1);
    return iv;
  };

  /** What `work` makes of `count` pieces, each of them `step` bytes long but the last. */
  async function each(count, piece, step, total, work) {
    const out = joined ? new Uint8Array(total) : [];
    let next = 0;
    const lane = async () => {
      while (next < count) {
        const number = next++;
        const done = await work(params(nonce(number)), piece(number));
        if (joined) out.set(new Uint8Array(done), number * step);
        else out[number] = done;
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return out;
  }

  return {
    name: `WebCrypto frames of ${length / 1024} KiB, ${joined ? "joined" : "kept apart"}`,
    seal(data) {
      const count = Math.ceil(data.length / length);
      const piece = (number) => data.subarray(number * length, (number + 1) * length);
      return each(count, piece, length + TAG, data.length + count * TAG, (iv, bytes) => crypto.subtle.encrypt(iv, key, bytes));
    },
    open(sealed) {
      const step = length + TAG;
      const count = joined ? Math.ceil(sealed.length / step) : sealed.length;
      const piece = (number) => (joined ? sealed.subarray(number * step, (number + 1) * step) : sealed[number]);
      return each(count, piece, length, sealed.length - count * TAG, (iv, bytes) => crypto.subtle.decrypt(iv, key, bytes));
    },
  };
}
