"""The life of two root keys, told with IBM's Python SDK as published; only the addresses are ours.

Needs ENVELOCK_URL, ENVELOCK_API_KEY, ENVELOCK_INSTANCE.
"""

import base64
import json
import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from keyprotect import IbmKeyProtectApiV2

URL = os.environ["ENVELOCK_URL"]
INSTANCE = os.environ["ENVELOCK_INSTANCE"]
KEY = "application/vnd.ibm.kms.key+json"
SETTLED = 30.5
AAD = ["tenant-7"]


def service():
    kp = IbmKeyProtectApiV2(authenticator=IAMAuthenticator(os.environ["ENVELOCK_API_KEY"], url=URL))
    kp.set_service_url(URL)
    return kp


def random_text(length):
    return base64.b64encode(secrets.token_bytes(length)).decode()


def create(kp, **resource):
    body = {
        "metadata": {"collectionType": KEY, "collectionTotal": 1},
        "resources": [{"type": KEY, "extractable": False, **resource}],
    }
    made = kp.create_key(INSTANCE, body, prefer="return=representation")
    assert made.get_status_code() == 201
    return made.get_result()["resources"][0]


def refused(status, code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ApiException as error:
        assert error.status_code == status, (error.status_code, status)
        resource = json.loads(error.http_response.text)["resources"][0]
        assert resource["reasons"][0]["code"] == code, resource
        assert resource["errorMsg"].endswith(f"({code})"), resource
    else:
        raise AssertionError(f"not refused with {code}")


def wrap(kp, key, body=None):
    return kp.wrap_key(key, INSTANCE, key_action_wrap_body=body if body is not None else {}).get_result()


def unwrap(kp, key, ciphertext, aad=AAD):
    return kp.unwrap_key(key, INSTANCE, {"ciphertext": ciphertext, "aad": aad}).get_result()


def generated():
    kp = service()
    key = create(kp, name="conformance-python-generated")
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
    time.sleep(SETTLED)
    assert kp.enable_key(key, INSTANCE).get_status_code() == 204
    assert unwrap(kp, key, drawn["ciphertext"])["plaintext"] == drawn["plaintext"]


def imported():
    kp = service()
    key = create(kp, name="conformance-python-imported", payload=random_text(16))
    assert key["imported"] is True and key["algorithmMetadata"]["bitLength"] == "128"
    key = key["id"]
    refused(400, "INVALID_FIELD_ERR", create, kp, name="url-safe", payload="__________________________8=")
    wrapped = wrap(kp, key, {"aad": AAD})
    refused(400, "KEY_PAYLOAD_REQ_ERR", kp.rotate_key, key, INSTANCE)
    assert kp.rotate_key(key, INSTANCE, key_action_rotate_body={"payload": random_text(32)}).get_status_code() == 204

    deleted = kp.delete_key(key, INSTANCE, prefer="return=representation")
    assert deleted.get_status_code() == 200 and deleted.get_result()["resources"][0]["state"] == 5
    refused(410, "KEY_DELETED_ERR", unwrap, kp, key, wrapped["ciphertext"])
    shown = kp.get_key_metadata(key, INSTANCE).get_result()["resources"][0]
    assert shown["deleted"] is True and shown["restoreAllowed"] is True
    time.sleep(SETTLED)
    restored = kp.restore_key(key, INSTANCE)
    assert restored.get_status_code() == 201
    assert unwrap(kp, key, wrapped["ciphertext"])["plaintext"] == wrapped["plaintext"]


def looking():
    kp = service()
    material = random_text(20)
    key = create(kp, name="conformance-python-standard", extractable=True, payload=material)["id"]
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
