"""Instance policies, with the older Python SDK."""

from clients_2 import client, refused

kp = client()
kp.set_instance_metrics_policy(True)
kp.set_instance_dual_auth_policy(True)
kinds = {policy["policy_type"] for policy in kp.get_instance_policies()["resources"]}
assert {"metrics", "dualAuthDelete"} <= kinds
key = kp.create_key("two-people", root=True)
assert key["dualAuthDelete"]["enabled"] is True
refused("AUTHORIZATIONS_NOT_MET", kp.delete_key, key["id"])
kp.set_instance_dual_auth_policy(False)
