"""What IBM's own live tests expect of the real service, with the older Python SDK."""

from clients_2 import client, refused

kp = client()
key = kp.create_key("live-root", root=True, alias_list=["live-alias-of-python-2"])
assert "lastUpdateDate" not in key and "lastRotateDate" not in key and key["deleted"] is False
kp.rotate_key(key["id"])
rotated = kp.get_key("live-alias-of-python-2")
assert rotated["id"] == key["id"] and {"lastUpdateDate", "lastRotateDate"} <= rotated.keys()

wrapped = kp.wrap("live-alias-of-python-2", b"2" * 32, aad=["one", "two"])
assert wrapped["keyVersion"]["id"] == rotated["keyVersion"]["id"]
assert kp.unwrap(key["id"], wrapped["ciphertext"], aad=["one", "two"]) == b"2" * 32
refused("UNPROCESSABLE_CIPHERTEXT_ERR", kp.unwrap, key["id"], wrapped["ciphertext"], aad=["two", "one"])
refused("UNPROCESSABLE_CIPHERTEXT_ERR", kp.unwrap, key["id"], wrapped["ciphertext"])

standard = kp.create_key("live-standard")
assert "payload" in kp.get_key(standard["id"])
refused("KEY_ROOT_REQ_ERR", kp.wrap, standard["id"], b"2" * 32)

kp.set_key_rotation_policy(key["id"], 6)
kp.set_key_dual_auth_policy(key["id"], True)
assert kp.get_key_policies(key["id"])["metadata"]["collectionTotal"] == 2
refused("AUTHORIZATIONS_NOT_MET", kp.delete_key, key["id"])
kp.initiate_dual_auth_delete(key["id"])
kp.cancel_dual_auth_delete(key["id"])
refused("NOT_DUAL_AUTH_ERR", kp.initiate_dual_auth_delete, standard["id"])

doomed = kp.create_key("live-doomed", root=True)["id"]
kp.delete_key(doomed)
refused("KEY_DELETED_ERR", kp.wrap, doomed, b"2" * 32)
refused("REQ_TOO_EARLY_ERR", kp.restore_key, doomed)
