"""Step 2. Add a key. Import a key: base64 of 128, 192 or 256 bits that the customer brings."""

from clients import INSTANCE, Clients, create_key, random_text, refused, unwrap, wrap

kp = Clients().kp

for length in (16, 24, 32):
    key = create_key(kp, name=f"brought-{length * 8}", payload=random_text(length))
    assert key["imported"] is True and key["algorithmMetadata"]["bitLength"] == str(length * 8)
    # The material of a root key is shown to nobody.
    assert "payload" not in key and "payload" not in kp.get_key(key["id"], INSTANCE).get_result()["resources"][0]
    drawn = wrap(kp, key["id"])
    assert unwrap(kp, key["id"], drawn["ciphertext"])["plaintext"] == drawn["plaintext"]

# Other lengths and other alphabets are refused.
for payload in (random_text(15), random_text(33), "not base64!", "", "_" * 42 + "8="):
    refused(400, "INVALID_FIELD_ERR", create_key, kp, name="refused", payload=payload)

# The same material is the same key to whoever kept it: that is how a lost instance is replaced.
kept = random_text(32)
first, second = (create_key(kp, name=name, payload=kept)["id"] for name in ("first", "second"))
drawn = wrap(kp, first)
assert unwrap(kp, second, drawn["ciphertext"])["plaintext"] == drawn["plaintext"]
stranger = create_key(kp, name="stranger", payload=random_text(32))["id"]
refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR", unwrap, kp, stranger, drawn["ciphertext"])
