"""Registrations as users see them: nothing is registered with a new key."""

from clients_2 import client

kp = client()
key = kp.create_key("unused", root=True)["id"]
for listed in (kp.get_registrations(), kp.get_registrations(key_id=key), kp.get_registrations(crn="crn:v1:*")):
    assert listed["metadata"]["collectionTotal"] == 0 and listed["resources"] == []
