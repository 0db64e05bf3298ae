"""Step 1. Create the Key Protect instance, with the older Python SDK."""

from clients_2 import REGION, client, resource_controller

controller = resource_controller()
guid, crn = controller.create_instance(
    "keys-of-python-2", controller.KEYPROTECT_PLAN_ID, region=REGION, resource_group="default"
)
assert guid in [found["guid"] for found in controller.list_instances()]
assert controller.get_instance(guid)["crn"] == crn

kp = client(guid)
key = kp.create_key("first-key", root=True)["id"]
assert [found["id"] for found in kp.list_keys()] == [key]
kp.delete_key(key)
controller.delete_instance(crn)
