"""Key rings, with the older Python SDK."""

from clients_2 import client

kp = client()
RING = "ring-of-python-2"
key = kp.create_key("ringed", root=True)["id"]
kp.create_key_ring(RING)
kp.set_key_ring(key, "default", RING)
assert kp.get_key(key)["keyRingID"] == RING
kp.set_key_ring(key, RING, "default")
kp.delete_key_ring(RING)
assert RING not in [ring["id"] for ring in kp.get_key_rings()["resources"]]
