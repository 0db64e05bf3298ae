"""Key rings: groups of keys that access can be limited to."""

from clients import INSTANCE, Clients, envelope, metadata, refused

kp = Clients().kp
RING = "ring-of-python"


def rings():
    return [ring["id"] for ring in kp.list_key_rings(INSTANCE, total_count=True).get_result()["resources"]]


assert "default" in rings()
assert kp.create_key_ring(RING, INSTANCE).get_status_code() == 201
assert RING in rings()

body = envelope({"name": "ringed", "extractable": False})
key = kp.create_key(INSTANCE, body, x_kms_key_ring=RING).get_result()["resources"][0]
assert key["keyRingID"] == RING

# A key is found in its own ring, or without naming one.
kp.get_key_metadata(key["id"], INSTANCE, x_kms_key_ring=RING)
refused(404, "KEY_NOT_FOUND_ERR", kp.get_key_metadata, key["id"], INSTANCE, x_kms_key_ring="default")

# A ring with keys stays; a key can move.
refused(409, "KEY_RING_KEYS_NOT_DELETED_ERR", kp.delete_key_ring, RING, INSTANCE)
moved = kp.patch_key(key["id"], INSTANCE, key_patch_body={"keyRingID": "default"}, x_kms_key_ring=RING)
assert moved.get_status_code() == 200 and metadata(kp, key["id"])["keyRingID"] == "default"
assert kp.delete_key_ring(RING, INSTANCE).get_status_code() == 204
assert RING not in rings()
