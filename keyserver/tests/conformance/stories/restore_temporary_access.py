"""Restore temporary access: with the authorization created again, the instance starts accepting connections again."""

from clients import Clients, authorize_store, encrypted_instance, refused, through_instance, unwrap, wrap

administrator = Clients()
key, authorization, instance = encrypted_instance("restored-of-python")
service = through_instance(instance)
drawn = wrap(service, key["id"])
administrator.policies.delete_policy(authorization)
refused(403, "SERVICE_AUTHORIZATION_MISSING_ERR", unwrap, service, key["id"], drawn["ciphertext"])
authorize_store(administrator.policies, key)
assert unwrap(service, key["id"], drawn["ciphertext"])["plaintext"] == drawn["plaintext"]
