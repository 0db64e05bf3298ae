"""Permanently prevent access to your data: deleting the key makes all that it wrapped unreadable."""

from clients import INSTANCE, Clients, create_key, metadata, refused, settle, unwrap, wrap

kp = Clients().kp

key = create_key(kp, name="doomed")["id"]
drawn = wrap(kp, key)
assert unwrap(kp, key, drawn["ciphertext"])["plaintext"] == drawn["plaintext"]
assert kp.delete_key(key, INSTANCE).get_status_code() == 204

# From the answer on nobody gets in any more.
refused(410, "KEY_DELETED_ERR", unwrap, kp, key, drawn["ciphertext"])
refused(410, "KEY_DELETED_ERR", wrap, kp, key)
shown = metadata(kp, key)
assert (shown["state"], shown["deleted"], shown["restoreAllowed"], shown["purgeAllowed"]) == (5, True, True, False)

# Taken back, and not at once: the same key, and the data are readable again.
refused(409, "REQ_TOO_EARLY_ERR", kp.restore_key, key, INSTANCE)
settle()
restored = kp.restore_key(key, INSTANCE)
assert restored.get_status_code() == 201 and restored.get_result()["resources"][0]["id"] == key
assert unwrap(kp, key, drawn["ciphertext"])["plaintext"] == drawn["plaintext"]
