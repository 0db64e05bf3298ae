"""Step 2. Add a key. Create a root key: the service generates the material, and it never leaves."""

import base64

from clients import INSTANCE, Clients, create_key, envelope, metadata, refused, unwrap, wrap

kp = Clients().kp

key = create_key(kp, name="tenant-root", description="for the data of one tenant", aliases=["tenant-root-of-python"])
assert (key["extractable"], key["imported"], key["state"], key["deleted"]) == (False, False, 1, False)
assert key["algorithmMetadata"]["bitLength"] == "256" and key["algorithmBitSize"] == 256
assert not {"payload", "lastUpdateDate", "lastRotateDate"} & key.keys()

# Whoever may read the key sees what it is, by its id or its alias, and nobody sees its material.
assert kp.get_key(key["id"], INSTANCE).get_result()["resources"] == [key]
assert metadata(kp, "tenant-root-of-python") == key
assert key["id"] in [found["id"] for found in kp.get_keys(INSTANCE, extractable=False).get_result()["resources"]]

# A data key of 32 bytes is drawn, returned once beside its wrapped form, and comes back from it.
drawn = wrap(kp, key["id"])
assert len(base64.b64decode(drawn["plaintext"])) == 32
assert drawn["keyVersion"]["id"] == key["keyVersion"]["id"]
assert unwrap(kp, key["id"], drawn["ciphertext"])["plaintext"] == drawn["plaintext"]

# One key is made at a time, and the request says how many it holds.
refused(400, "NO_BODY_ERR", kp.create_key, INSTANCE, {})
two = envelope({"name": "one", "extractable": False})
two["resources"] *= 2
refused(400, "BAD_BODY_ERR", kp.create_key, INSTANCE, two)
none = envelope({"name": "one", "extractable": False})
none["metadata"]["collectionTotal"] = 2
refused(400, "COLLECTION_TOTAL_MISMATCH_ERR", kp.create_key, INSTANCE, none)
