"""Step 4. Encrypt the service data: an instance of the service, on the Premium plan, made with the CRN of a key."""

from clients import (
    INSTANCE,
    PREMIUM_PLAN,
    STANDARD_PLAN,
    Clients,
    create_key,
    encrypted_instance,
    order,
    refused_by_platform,
    through_instance,
    unwrap,
    wrap,
)

administrator = Clients()
key, _, instance = encrypted_instance("data-of-python")
assert (instance["state"], instance["parameters"]["kms_key_crn"]) == ("active", key["crn"])
assert instance["extensions"]["encryption"]["key"] == key["id"]

# From now on its data keys come from the root key, by way of the instance.
service = through_instance(instance)
drawn = wrap(service, key["id"])
assert unwrap(service, key["id"], drawn["ciphertext"])["plaintext"] == drawn["plaintext"]
assert unwrap(administrator.kp, key["id"], drawn["ciphertext"])["plaintext"] == drawn["plaintext"]

# Premium only; same region; an authorization first.
by = {"kms_key_crn": key["crn"]}
refused_by_platform(422, order, administrator.resources, "refused", STANDARD_PLAN, by)
refused_by_platform(422, order, administrator.resources, "refused", PREMIUM_PLAN, by, region="eu-de")
other = create_key(administrator.kp, name="other-of-python")
refused_by_platform(403, order, administrator.resources, "refused", PREMIUM_PLAN, {"kms_key_crn": other["crn"]})
