"""Rotating keys, with the older Python SDK."""

import secrets

from clients_2 import client, refused

kp = client()
key = kp.create_key("rotating", root=True)["id"]
before = kp.wrap(key, b"1" * 32)
kp.rotate_key(key)
assert kp.unwrap(key, before["ciphertext"]) == b"1" * 32
after = kp.rewrap(key, before["ciphertext"])
assert after["keyVersion"]["id"] != after["rewrappedKeyVersion"]["id"]
assert kp.unwrap(key, after["ciphertext"]) == b"1" * 32
refused("KEY_ROTATION_NOT_PERMITTED", kp.rotate_key, key)

imported = kp.create_key("rotating-imported", payload=secrets.token_bytes(32), root=True)["id"]
refused("KEY_PAYLOAD_REQ_ERR", kp.rotate_key, imported)
kp.rotate_key(imported, payload=secrets.token_bytes(16))

generated = kp.create_key("rotating-by-policy", root=True)["id"]
assert kp.get_key_policies(generated)["metadata"]["collectionTotal"] == 0
kp.set_key_rotation_policy(generated, 3)
assert kp.get_key_policies(generated)["resources"][0]["rotation"] == {"enabled": True, "interval_month": 3}
