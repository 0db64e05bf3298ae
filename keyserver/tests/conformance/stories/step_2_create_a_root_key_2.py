"""Step 2. Add a key. Create a root key, with the older Python SDK."""

from clients_2 import client, refused

kp = client()
key = kp.create_key("tenant-root", root=True, alias_list=["tenant-root-of-python-2"])
assert key["extractable"] is False and key["imported"] is False and "payload" not in key
assert kp.get_key("tenant-root-of-python-2")["id"] == key["id"]
assert key["id"] in [found["id"] for found in kp.list_keys()]

drawn = kp.wrap(key["id"], None)
assert len(kp.unwrap(key["id"], drawn["ciphertext"])) == 32
wrapped = kp.wrap(key["id"], b"0123456789abcdef0123456789abcdef", aad=["tenant-7"])
assert "plaintext" not in wrapped
assert kp.unwrap(key["id"], wrapped["ciphertext"], aad=["tenant-7"]) == b"0123456789abcdef0123456789abcdef"
refused("UNPROCESSABLE_CIPHERTEXT_ERR", kp.unwrap, key["id"], wrapped["ciphertext"], aad=["tenant-8"])
refused("INVALID_FIELD_ERR", kp.create_key, "x", root=True)
