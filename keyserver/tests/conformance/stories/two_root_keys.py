"""The life of two root keys, and what can be looked up."""

import base64
from concurrent.futures import ThreadPoolExecutor

from clients import INSTANCE, Clients, create_key, random_text, refused, settle, wrap
from clients import unwrap as unwrap_with

AAD = ["tenant-7"]


def unwrap(kp, key, ciphertext, aad=AAD):
    return unwrap_with(kp, key, ciphertext, aad)


def generated():
    kp = Clients().kp
    key = create_key(kp, name="conformance-python-generated")
    assert "lastUpdateDate" not in key and "lastRotateDate" not in key and key["deleted"] is False
    key = key["id"]

    drawn = wrap(kp, key, {"aad": AAD})
    assert len(base64.b64decode(drawn["plaintext"])) == 32
    given = random_text(36)
    wrapped = wrap(kp, key, {"plaintext": given})
    assert "plaintext" not in wrapped
    assert unwrap(kp, key, wrapped["ciphertext"], [])["plaintext"] == given
    refused(422, "UNPROCESSABLE_CIPHERTEXT_ERR", unwrap, kp, key, drawn["ciphertext"], ["tenant-8"])

    assert kp.rotate_key(key, INSTANCE).get_status_code() == 204
    versions = kp.get_key_versions(key, INSTANCE, total_count=True).get_result()
    assert versions["metadata"]["totalCount"] == 2
    after = unwrap(kp, key, drawn["ciphertext"])
    assert after["plaintext"] == drawn["plaintext"]
    assert after["keyVersion"]["id"] == drawn["keyVersion"]["id"]
    assert after["rewrappedKeyVersion"]["id"] == versions["resources"][0]["id"]
    again = kp.rewrap_key(key, INSTANCE, {"ciphertext": drawn["ciphertext"], "aad": AAD}).get_result()
    assert "plaintext" not in again
    for fresh in (after, again):
        opened = unwrap(kp, key, fresh["ciphertext"])
        assert opened["plaintext"] == drawn["plaintext"] and "ciphertext" not in opened
    refused(409, "KEY_ROTATION_NOT_PERMITTED", kp.rotate_key, key, INSTANCE)

    assert kp.disable_key(key, INSTANCE).get_status_code() == 204
    refused(409, "KEY_ACTION_INVALID_STATE_ERR", unwrap, kp, key, drawn["ciphertext"])
    refused(409, "REQ_TOO_EARLY_ERR", kp.enable_key, key, INSTANCE)
    settle()
    assert kp.enable_key(key, INSTANCE).get_status_code() == 204
    assert unwrap(kp, key, drawn["ciphertext"])["plaintext"] == drawn["plaintext"]


def imported():
    kp = Clients().kp
    key = create_key(kp, name="conformance-python-imported", payload=random_text(16))
    assert key["imported"] is True and key["algorithmMetadata"]["bitLength"] == "128"
    key = key["id"]
    refused(400, "INVALID_FIELD_ERR", create_key, kp, name="url-safe", payload="__________________________8=")
    wrapped = wrap(kp, key, {"aad": AAD})
    refused(400, "KEY_PAYLOAD_REQ_ERR", kp.rotate_key, key, INSTANCE)
    assert kp.rotate_key(key, INSTANCE, key_action_rotate_body={"payload": random_text(32)}).get_status_code() == 204

    deleted = kp.delete_key(key, INSTANCE, prefer="return=representation")
    assert deleted.get_status_code() == 200 and deleted.get_result()["resources"][0]["state"] == 5
    refused(410, "KEY_DELETED_ERR", unwrap, kp, key, wrapped["ciphertext"])
    shown = kp.get_key_metadata(key, INSTANCE).get_result()["resources"][0]
    assert shown["deleted"] is True and shown["restoreAllowed"] is True
    settle()
    restored = kp.restore_key(key, INSTANCE)
    assert restored.get_status_code() == 201
    assert unwrap(kp, key, wrapped["ciphertext"])["plaintext"] == wrapped["plaintext"]


def looking():
    kp = Clients().kp
    material = random_text(20)
    key = create_key(kp, name="conformance-python-standard", extractable=True, payload=material)["id"]
    assert kp.get_key(key, INSTANCE).get_result()["resources"][0]["payload"] == material
    assert "payload" not in kp.get_key_metadata(key, INSTANCE).get_result()["resources"][0]
    refused(400, "KEY_ROOT_REQ_ERR", wrap, kp, key)
    counted = kp.get_key_collection_metadata(INSTANCE)
    assert int(counted.get_headers()["Key-Total"]) >= 1
    listed = kp.get_keys(INSTANCE, limit=5000, extractable=True).get_result()
    assert [found["id"] for found in listed["resources"]] == [key]


with ThreadPoolExecutor() as pool:
    for story in [pool.submit(generated), pool.submit(imported), pool.submit(looking)]:
        story.result()
