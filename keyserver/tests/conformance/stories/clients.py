"""IBM's newer Python SDKs as published, pointed at the server under test; and what the stories share."""

import base64
import json
import os
import secrets
import time

from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import IamIdentityV1, IamPolicyManagementV1, ResourceControllerV2
from keyprotect import IbmKeyProtectApiV2

URL = os.environ["ENVELOCK_URL"]
ACCOUNT = os.environ["ENVELOCK_ACCOUNT"]
INSTANCE = os.environ["ENVELOCK_INSTANCE"]
REGION = os.environ["ENVELOCK_REGION"]
ADMINISTRATOR = os.environ["ENVELOCK_API_KEY"]
KEY = "application/vnd.ibm.kms.key+json"
SETTLED = 30.5


class Clients:
    """The clients of whoever holds the API key."""

    def __init__(self, api_key=ADMINISTRATOR):
        def client(kind):
            made = kind(authenticator=IAMAuthenticator(api_key, url=URL))
            made.set_service_url(URL)
            return made

        self.kp = client(IbmKeyProtectApiV2)
        self.identity = client(IamIdentityV1)
        self.policies = client(IamPolicyManagementV1)
        self.resources = client(ResourceControllerV2)


def random_text(length):
    """So many random bytes, as base64."""
    return base64.b64encode(secrets.token_bytes(length)).decode()


def envelope(resource, collection_type=KEY):
    """The one resource in the form that creation takes."""
    metadata = {"collectionType": collection_type, "collectionTotal": 1}
    return {"metadata": metadata, "resources": [{"type": collection_type, **resource}]}


def create_key(kp, instance=INSTANCE, **resource):
    """Creates a key."""
    made = kp.create_key(instance, envelope({"extractable": False, **resource}), prefer="return=representation")
    assert made.get_status_code() == 201
    return made.get_result()["resources"][0]


def wrap(kp, key, body=None, instance=INSTANCE):
    """Wraps a data key."""
    return kp.wrap_key(key, instance, key_action_wrap_body=body if body is not None else {}).get_result()


def unwrap(kp, key, ciphertext, aad=(), instance=INSTANCE):
    """Unwraps a data key."""
    return kp.unwrap_key(key, instance, {"ciphertext": ciphertext, "aad": list(aad)}).get_result()


def metadata(kp, key, instance=INSTANCE):
    """A key as it is now."""
    return kp.get_key_metadata(key, instance).get_result()["resources"][0]


def refused(status, code, call, *args, **kwargs):
    """Expects Key Protect to refuse, with the reason where every client finds it."""
    error = refused_by_platform(status, call, *args, **kwargs)
    resource = json.loads(error.http_response.text)["resources"][0]
    assert resource["reasons"][0]["code"] == code, resource
    assert resource["errorMsg"].endswith(f"({code})"), resource


def refused_by_platform(status, call, *args, **kwargs):
    """Expects any of the services to refuse."""
    try:
        call(*args, **kwargs)
    except ApiException as error:
        assert error.status_code == status, (error.status_code, status, error.http_response.text)
        return error
    raise AssertionError(f"not refused with {status}")


def settle():
    """Half a minute has to pass between two opposite changes of a key."""
    time.sleep(SETTLED)


# The object store of the server under test, which a root key can encrypt; and its plans, with Key Protect's.
STORE = "envelock-objects"
KEY_PROTECT_PLAN = "eedd3585-90c6-4c8f-be3d-062069e99fc3"
STANDARD_PLAN = "7c9a5d52-0d8e-4c1b-8a76-3de5b40f9c02"
PREMIUM_PLAN = "d0e36c1a-94b7-4f6d-b2c8-58a1f7e24d03"


def attributes(**pairs):
    """Attributes of a policy's subject or resource."""
    return {"attributes": [{"name": name, "value": value, "operator": "stringEquals"} for name, value in pairs.items()]}


def authorize_store(policies, key):
    """Step 3 of the founding document, for one key: lets the object store use it. Returns the id of the authorization."""
    made = policies.create_policy(
        type="authorization",
        subjects=[attributes(accountId=ACCOUNT, serviceName=STORE)],
        roles=[{"role_id": "crn:v1:bluemix:public:iam::::serviceRole:Reader"}],
        resources=[
            attributes(
                accountId=ACCOUNT, serviceName="kms", serviceInstance=INSTANCE, resourceType="key", resource=key["id"]
            )
        ],
    )
    return made.get_result()["id"]


def order(resources, name, plan, parameters=None, region=REGION):
    """Orders an instance."""
    return resources.create_resource_instance(name, region, "default", plan, parameters=parameters).get_result()


def encrypted_instance(name):
    """Steps 2 to 4: a root key, an authorization, and an instance of the object store that the key encrypts."""
    made = Clients()
    key = create_key(made.kp, name=name)
    authorization = authorize_store(made.policies, key)
    return key, authorization, order(made.resources, name, PREMIUM_PLAN, {"kms_key_crn": key["crn"]})


def through_instance(instance):
    """What an instance encrypts with: Key Protect with its one key, reached by way of the instance."""
    kp = Clients().kp
    kp.set_service_url(f"{URL}/services/v1/{instance['guid']}")
    return kp
