"""What IBM's own live tests expect of the real service, step by step."""

from clients import INSTANCE, Clients, create_key, envelope, metadata, refused, unwrap, wrap

POLICY = "application/vnd.ibm.kms.policy+json"
kp = Clients().kp

# A fresh root key has not been changed yet; rotating it at once works and sets both dates.
key = create_key(kp, name="live-root", aliases=["live-alias-of-python"])
assert "lastUpdateDate" not in key and "lastRotateDate" not in key and key["deleted"] is False
assert kp.rotate_key(key["id"], INSTANCE).get_status_code() == 204
assert {"lastUpdateDate", "lastRotateDate"} <= metadata(kp, key["id"]).keys()

# Wrap names the version that is listed first, and one rotation makes two versions.
drawn = wrap(kp, key["id"])
versions = kp.get_key_versions(key["id"], INSTANCE, total_count=True).get_result()
assert drawn["keyVersion"]["id"] == versions["resources"][0]["id"]
assert versions["metadata"]["totalCount"] == 2
assert unwrap(kp, key["id"], drawn["ciphertext"])["plaintext"] == drawn["plaintext"]

# An alias stands for the key in every call.
alias = "live-alias-of-python"
assert metadata(kp, alias)["id"] == key["id"] == kp.get_key(alias, INSTANCE).get_result()["resources"][0]["id"]
assert unwrap(kp, alias, wrap(kp, alias)["ciphertext"])["keyVersion"] == drawn["keyVersion"]
assert len(kp.get_key_versions(alias, INSTANCE).get_result()["resources"]) == 2
assert kp.get_policy(alias, INSTANCE).get_result()["metadata"]["collectionTotal"] == 0

# A standard key shows its material where it is read, not in its metadata, and neither wraps nor unwraps.
standard = create_key(kp, name="live-standard", extractable=True)["id"]
assert "payload" in kp.get_key(standard, INSTANCE).get_result()["resources"][0]
assert "payload" not in metadata(kp, standard)
refused(400, "KEY_ROOT_REQ_ERR", wrap, kp, standard)
refused(400, "KEY_ROOT_REQ_ERR", unwrap, kp, standard, drawn["ciphertext"])

# Both policies together; switching rotation off and on keeps its interval.
both = {
    "metadata": {"collectionType": POLICY, "collectionTotal": 2},
    "resources": [
        {"type": POLICY, "rotation": {"enabled": False, "interval_month": 2}},
        {"type": POLICY, "dualAuthDelete": {"enabled": True}},
    ],
}
policed = create_key(kp, name="live-policies")["id"]
kp.put_policy(policed, INSTANCE, both)
assert kp.get_policy(policed, INSTANCE).get_result()["metadata"]["collectionTotal"] == 2
kp.put_policy(policed, INSTANCE, envelope({"rotation": {"enabled": True}}, POLICY), policy="rotation")
rotation = kp.get_policy(policed, INSTANCE, policy="rotation").get_result()["resources"][0]["rotation"]
assert rotation == {"enabled": True, "interval_month": 2}

# Deleting shows the key if asked.
deleted = kp.delete_key(key["id"], INSTANCE, prefer="return=representation")
assert deleted.get_status_code() == 200 and deleted.get_result()["resources"][0]["state"] == 5
