"""Aliases: names that stand for a key wherever its id does."""

from clients import INSTANCE, Clients, create_key, metadata, refused, wrap

kp = Clients().kp
key = create_key(kp, name="aliased")["id"]
for number in range(5):
    assert kp.create_key_alias(key, f"alias-of-python-{number}", INSTANCE).get_status_code() == 201
refused(409, "KEY_ALIAS_LIMIT_ERR", kp.create_key_alias, key, "one-too-many", INSTANCE)
assert metadata(kp, "alias-of-python-3")["id"] == key
assert len(metadata(kp, key)["aliases"]) == 5
assert kp.delete_key_alias(key, "alias-of-python-3", INSTANCE).get_status_code() == 204
refused(404, "KEY_NOT_FOUND_ERR", wrap, kp, "alias-of-python-3")
refused(400, "INVALID_FIELD_ERR", kp.create_key_alias, key, "a/b", INSTANCE)
