"""Step 1. Create the Key Protect instance that holds the root keys, in the region of the services to be encrypted."""

from clients import KEY_PROTECT_PLAN, REGION, Clients, create_key, order, refused, refused_by_platform

administrator = Clients()
instance = order(administrator.resources, "keys-of-python", KEY_PROTECT_PLAN)
assert (instance["state"], instance["region_id"]) == ("active", REGION)
assert instance["crn"].startswith(f"crn:v1:bluemix:public:kms:{REGION}:a/") and instance["id"] == instance["crn"]

# It is among the resources, and holds keys of its own at once.
listed = administrator.resources.list_resource_instances(name="keys-of-python").get_result()["resources"]
assert [found["guid"] for found in listed] == [instance["guid"]]
assert administrator.resources.get_resource_instance(instance["crn"]).get_result()["guid"] == instance["guid"]
key = create_key(administrator.kp, instance=instance["guid"], name="first-key")
assert len(administrator.kp.get_keys(instance["guid"]).get_result()["resources"]) == 1

# It is not deleted while it holds a key.
refused_by_platform(409, administrator.resources.delete_resource_instance, instance["guid"])
administrator.kp.delete_key(key["id"], instance["guid"])
assert administrator.resources.delete_resource_instance(instance["guid"]).get_status_code() == 204
refused(401, "UNAUTHORIZED_ERR", administrator.kp.get_keys, instance["guid"])
