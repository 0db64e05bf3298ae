"""An instance lays down what new keys begin with and which keys may be made; single keys may be made otherwise."""

from clients import INSTANCE, KEY, Clients, create_key, envelope, random_text, refused

POLICY = "application/vnd.ibm.kms.policy+json"
kp = Clients().kp


def lay_down(kind, enabled=True, **attributes):
    """Sets one policy of the instance."""
    data = {"enabled": enabled} | ({"attributes": attributes} if attributes else {})
    body = {
        "metadata": {"collectionType": POLICY, "collectionTotal": 1},
        "resources": [{"policy_type": kind, "policy_data": data}],
    }
    assert kp.put_instance_policy(INSTANCE, body, policy=kind).get_status_code() == 204


def rotation_of(key):
    """The rotation policies of a key: one or none."""
    policies = kp.get_policy(key["id"], INSTANCE, policy="rotation").get_result()["resources"]
    return [policy["rotation"] for policy in policies]


def create_with_policies(**fields):
    """Makes a root key with policies of its own."""
    body = envelope({"extractable": False} | fields, KEY)
    made = kp.create_key_with_policies_overrides(INSTANCE, body, prefer="return=representation")
    assert made.get_status_code() == 201
    return made.get_result()["resources"][0]


# New root keys rotate every five months; one of them every three, one never: no override is no policy.
assert kp.get_instance_policy(INSTANCE).get_result()["metadata"]["collectionTotal"] == 0
lay_down("rotation", interval_month=5)
laid_down = kp.get_instance_policy(INSTANCE, policy="rotation").get_result()["resources"][0]
assert laid_down["policy_data"] == {"enabled": True, "attributes": {"interval_month": 5}}
assert rotation_of(create_key(kp, name="as-laid-down")) == [{"enabled": True, "interval_month": 5}]
three = create_with_policies(name="every-three-months", rotation={"interval_month": 3})
assert rotation_of(three) == [{"enabled": True, "interval_month": 3}]
assert rotation_of(create_with_policies(name="never")) == []
standard = envelope({"name": "standard", "extractable": True, "rotation": {"interval_month": 3}}, KEY)
refused(400, "KEY_ROOT_REQ_ERR", kp.create_key_with_policies_overrides, INSTANCE, standard)

# Switched off, the policy forgets its interval, and new keys begin without one.
lay_down("rotation", enabled=False)
laid_down = kp.get_instance_policy(INSTANCE, policy="rotation").get_result()["resources"][0]
assert laid_down["policy_data"] == {"enabled": False}
assert rotation_of(create_key(kp, name="as-before")) == []

# New keys are deleted by two people.
lay_down("dualAuthDelete")
guarded = create_key(kp, name="guarded")
assert guarded["dualAuthDelete"] == {"enabled": True}
refused(409, "AUTHORIZATIONS_NOT_MET", kp.delete_key, guarded["id"], INSTANCE)
lay_down("dualAuthDelete", enabled=False)

# Root keys are made here, and not brought.
lay_down("keyCreateImportAccess", import_root_key=False)
create_key(kp, name="made-here")
refused(409, "KEY_CREATE_IMPORT_ACCESS_ERR", create_key, kp, name="brought", payload=random_text(32))
lay_down("keyCreateImportAccess", enabled=False)
create_key(kp, name="brought", payload=random_text(32))

# All of them were set; one that is misspelt is refused.
lay_down("metrics")
assert kp.get_instance_policy(INSTANCE).get_result()["metadata"]["collectionTotal"] == 4
misspelt = {"policy_type": "metrics", "policy_data": {"enabled": True, "attribute": {}}}
body = {"metadata": {"collectionType": POLICY, "collectionTotal": 1}, "resources": [misspelt]}
refused(400, "BAD_BODY_ERR", kp.put_instance_policy, INSTANCE, body)
