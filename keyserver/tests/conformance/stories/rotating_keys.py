"""Rotating keys: what was wrapped before stays readable, and moves to the new version as it is read. A policy rotates regularly."""

from clients import INSTANCE, Clients, create_key, envelope, metadata, random_text, refused, unwrap, wrap

POLICY = "application/vnd.ibm.kms.policy+json"
kp = Clients().kp

key = create_key(kp, name="rotating")
before = wrap(kp, key["id"])
assert kp.rotate_key(key["id"], INSTANCE).get_status_code() == 204

# The key keeps its id and name; it has a second version, which is listed first and wraps from now on.
versions = kp.get_key_versions(key["id"], INSTANCE, total_count=True).get_result()
newest, oldest = (version["id"] for version in versions["resources"])
assert versions["metadata"]["totalCount"] == 2 and oldest == before["keyVersion"]["id"]
after = metadata(kp, key["id"])
assert (after["crn"], after["keyVersion"]["id"]) == (key["crn"], newest) and "lastRotateDate" in after
assert wrap(kp, key["id"])["keyVersion"]["id"] == newest

# Old ciphertexts open, and bring the same data key under the new version with them.
opened = unwrap(kp, key["id"], before["ciphertext"])
assert opened["plaintext"] == before["plaintext"]
assert (opened["keyVersion"]["id"], opened["rewrappedKeyVersion"]["id"]) == (oldest, newest)
rewrapped = kp.rewrap_key(key["id"], INSTANCE, {"ciphertext": before["ciphertext"]}).get_result()
assert "plaintext" not in rewrapped
for moved in (opened, rewrapped):
    again = unwrap(kp, key["id"], moved["ciphertext"])
    assert again["plaintext"] == before["plaintext"] and "ciphertext" not in again
refused(409, "KEY_ROTATION_NOT_PERMITTED", kp.rotate_key, key["id"], INSTANCE)

# An imported key is rotated with material that the customer brings again.
imported = create_key(kp, name="rotating-imported", payload=random_text(32))["id"]
refused(400, "KEY_PAYLOAD_REQ_ERR", kp.rotate_key, imported, INSTANCE)
fresh = {"payload": random_text(32)}
assert kp.rotate_key(imported, INSTANCE, key_action_rotate_body=fresh).get_status_code() == 204

# By policy: every three months; switching it off and on keeps the interval.
generated = create_key(kp, name="rotating-by-policy")["id"]
for rotation, expected in (
    ({"interval_month": 3}, {"enabled": True, "interval_month": 3}),
    ({"enabled": False}, {"enabled": False, "interval_month": 3}),
    ({"enabled": True}, {"enabled": True, "interval_month": 3}),
):
    kp.put_policy(generated, INSTANCE, envelope({"rotation": rotation}, POLICY), policy="rotation")
    shown = kp.get_policy(generated, INSTANCE, policy="rotation").get_result()["resources"]
    assert [policy["rotation"] for policy in shown] == [expected]
assert metadata(kp, generated)["rotation"] == {"enabled": True, "interval_month": 3}
