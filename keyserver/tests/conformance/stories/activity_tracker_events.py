"""What the customer's security people see: every use of a key, and every refusal, by whom and from where."""

from clients import ACCOUNT, INSTANCE, Clients, attributes, create_key, refused, unwrap, wrap

administrator = Clients()
kp = administrator.kp
key = create_key(kp, name="watched-by-python")["id"]
drawn = wrap(kp, key)
refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR", unwrap, kp, key, drawn["ciphertext"], ["wrong"])
kp.rotate_key(key, INSTANCE)
kp.disable_key(key, INSTANCE)
refused(409, "KEY_ACTION_INVALID_STATE_ERR", wrap, kp, key)

service = administrator.identity.create_service_id(account_id=ACCOUNT, name="curious-of-python").get_result()
made = administrator.identity.create_api_key(name="curious", iam_id=service["iam_id"], account_id=ACCOUNT)
curious = Clients(made.get_result()["apikey"])
refused(401, "UNAUTHORIZED_ERR", curious.kp.delete_key, key, INSTANCE)
administrator.policies.create_policy(
    type="access",
    subjects=[attributes(iam_id=service["iam_id"])],
    roles=[{"role_id": "crn:v1:bluemix:public:iam::::serviceRole:Reader"}],
    resources=[attributes(accountId=ACCOUNT, serviceName="kms")],
)
kp.delete_key(key, INSTANCE)
