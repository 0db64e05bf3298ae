"""A service ID gets an API key and a role, does what the role allows and nothing else, and loses it with the policy."""

from clients import ACCOUNT, INSTANCE, Clients, create_key, refused, refused_by_platform, unwrap, wrap

WRITER = "crn:v1:bluemix:public:iam::::serviceRole:Writer"
administrator = Clients()

service = administrator.identity.create_service_id(account_id=ACCOUNT, name="writer").get_result()
made = administrator.identity.create_api_key(name="writer", iam_id=service["iam_id"], account_id=ACCOUNT)
writer = Clients(made.get_result()["apikey"])
refused(401, "UNAUTHORIZED_ERR", create_key, writer.kp, name="refused")

# Writer on the instance: makes and rotates keys, and does not delete them.
resources = [("accountId", ACCOUNT), ("serviceName", "kms"), ("serviceInstance", INSTANCE)]
granted = administrator.policies.create_policy(
    type="access",
    subjects=[{"attributes": [{"name": "iam_id", "value": service["iam_id"]}]}],
    roles=[{"role_id": WRITER}],
    resources=[{"attributes": [{"name": name, "value": value, "operator": "stringEquals"} for name, value in resources]}],
)
assert granted.get_status_code() == 201
key = create_key(writer.kp, name="of-the-writer")
assert key["createdBy"] == service["iam_id"]
drawn = wrap(writer.kp, key["id"])
assert unwrap(writer.kp, key["id"], drawn["ciphertext"])["plaintext"] == drawn["plaintext"]
assert writer.kp.rotate_key(key["id"], INSTANCE).get_status_code() == 204
refused(401, "UNAUTHORIZED_ERR", writer.kp.delete_key, key["id"], INSTANCE)
refused(401, "UNAUTHORIZED_ERR", writer.kp.disable_key, key["id"], INSTANCE)
refused_by_platform(401, writer.identity.create_service_id, account_id=ACCOUNT, name="refused")

# Without the policy the next call is refused.
policy = granted.get_result()["id"]
listed = administrator.policies.list_policies(ACCOUNT, iam_id=service["iam_id"]).get_result()["policies"]
assert [found["id"] for found in listed] == [policy]
assert administrator.policies.delete_policy(policy).get_status_code() == 204
refused(401, "UNAUTHORIZED_ERR", wrap, writer.kp, key["id"])
