"""Temporarily prevent access to your data: without the authorization the instance cannot reach its key, so not its data."""

from clients import Clients, encrypted_instance, refused, through_instance, unwrap, wrap

administrator = Clients()
key, authorization, instance = encrypted_instance("paused-of-python")
service = through_instance(instance)
drawn = wrap(service, key["id"])
assert unwrap(service, key["id"], drawn["ciphertext"])["plaintext"] == drawn["plaintext"]

assert administrator.policies.delete_policy(authorization).get_status_code() == 204
refused(403, "SERVICE_AUTHORIZATION_MISSING_ERR", unwrap, service, key["id"], drawn["ciphertext"])
assert administrator.resources.get_resource_instance(instance["guid"]).get_result()["state"] == "active"
