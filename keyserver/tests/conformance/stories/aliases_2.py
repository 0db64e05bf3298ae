"""Aliases, with the older Python SDK."""

from clients_2 import client, refused

kp = client()
key = kp.create_key("aliased", root=True)["id"]
kp.create_key_alias(key, "alias-of-older-python")
assert kp.get_key("alias-of-older-python")["id"] == key
kp.delete_key_alias(key, "alias-of-older-python")
refused("KEY_NOT_FOUND_ERR", kp.get_key, "alias-of-older-python")
