"""Identify which key is encrypting your service instance, and what a key encrypts."""

from clients import INSTANCE, Clients, encrypted_instance, refused

kp = Clients().kp
key, _, instance = encrypted_instance("identified-of-python")
found = kp.get_registrations_all_keys(INSTANCE, url_encoded_resource_crn_query=instance["crn"]).get_result()
assert [registration["keyId"] for registration in found["resources"]] == [key["id"]]
of_key = kp.get_registrations(key["id"], INSTANCE, total_count=True).get_result()
assert of_key["metadata"]["totalCount"] == 1
assert of_key["resources"][0]["resourceCrn"] == instance["crn"]
refused(409, "PROTECTED_RESOURCE_ERR", kp.delete_key, key["id"], INSTANCE)
