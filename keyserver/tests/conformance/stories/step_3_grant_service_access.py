"""Step 3. Grant service access to Key Protect: an authorization between a service and the key service instance, with Reader."""

from clients import ACCOUNT, INSTANCE, Clients, refused_by_platform

READER = "crn:v1:bluemix:public:iam::::serviceRole:Reader"
DELEGATOR = "crn:v1:bluemix:public:iam::::role:AuthorizationDelegator"
policies = Clients().policies


def attributes(**values):
    return {"attributes": [{"name": name, "value": value, "operator": "stringEquals"} for name, value in values.items()]}


authorization = {
    "type": "authorization",
    "subjects": [attributes(accountId=ACCOUNT, serviceName="discovery-python")],
    "roles": [{"role_id": READER}, {"role_id": DELEGATOR}],
    "resources": [attributes(accountId=ACCOUNT, serviceName="kms", serviceInstance=INSTANCE)],
}
made = policies.create_policy(**authorization)
assert made.get_status_code() == 201
policy = made.get_result()["id"]
listed = policies.list_policies(ACCOUNT, type="authorization").get_result()["policies"]
assert policy in [found["id"] for found in listed]
assert {role["role_id"] for role in policies.get_policy(policy).get_result()["roles"]} == {READER, DELEGATOR}
refused_by_platform(409, policies.create_policy, **authorization)

# Removed, and given again by its id.
assert policies.delete_policy(policy).get_status_code() == 204
listed = policies.list_policies(ACCOUNT, type="authorization").get_result()["policies"]
assert policy not in [found["id"] for found in listed]
etag = policies.get_policy(policy).get_headers()["ETag"]
assert policies.update_policy_state(policy, etag, state="active").get_result()["state"] == "active"

# The newer form of the same API, narrowed to one key ring.
narrowed = policies.create_v2_policy(
    control={"grant": {"roles": [{"role_id": READER}]}},
    type="authorization",
    subject={
        "attributes": [
            {"key": "accountId", "operator": "stringEquals", "value": ACCOUNT},
            {"key": "serviceName", "operator": "stringEquals", "value": "logs-python"},
        ]
    },
    resource={
        "attributes": [
            {"key": "accountId", "operator": "stringEquals", "value": ACCOUNT},
            {"key": "serviceName", "operator": "stringEquals", "value": "kms"},
            {"key": "serviceInstance", "operator": "stringEquals", "value": INSTANCE},
            {"key": "keyRing", "operator": "stringEquals", "value": "default"},
        ]
    },
).get_result()
assert narrowed["id"] in [found["id"] for found in policies.list_v2_policies(ACCOUNT).get_result()["policies"]]
assert policies.get_v2_policy(narrowed["id"]).get_result()["control"]["grant"]["roles"][0]["role_id"] == READER
assert policies.delete_v2_policy(narrowed["id"]).get_status_code() == 204
