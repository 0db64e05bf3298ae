"""Step 2. Add a key. Import a key, with the older Python SDK, which takes the bytes themselves."""

import secrets

from clients_2 import client, refused

kp = client()
for length in (16, 24, 32):
    key = kp.create_key(f"brought-{length * 8}", payload=secrets.token_bytes(length), root=True)
    assert key["imported"] is True and key["algorithmMetadata"]["bitLength"] == str(length * 8)
    drawn = kp.wrap(key["id"], b"0" * 32)
    assert kp.unwrap(key["id"], drawn["ciphertext"]) == b"0" * 32
refused("INVALID_FIELD_ERR", kp.create_key, "refused", payload=b"too short", root=True)

# A standard key's material may be read back by whoever has the role for it.
standard = kp.create_key("standard", payload=b"any length will do")
assert standard["extractable"] is True
assert kp.get_key(standard["id"])["payload"] == "YW55IGxlbmd0aCB3aWxsIGRv"
refused("KEY_ROOT_REQ_ERR", kp.wrap, standard["id"], b"0" * 32)
