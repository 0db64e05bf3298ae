"""IBM's older Python SDK as published, pointed at the server under test; and what the stories share."""

import os
import time

import keyprotect
import redstone.client
from keyprotect import bxauth

URL = os.environ["ENVELOCK_URL"]
INSTANCE = os.environ["ENVELOCK_INSTANCE"]
REGION = os.environ["ENVELOCK_REGION"]
SETTLED = 30.5


def credentials():
    """The administrator's."""
    return bxauth.TokenManager(api_key=os.environ["ENVELOCK_API_KEY"], iam_endpoint=URL)


def client(instance=INSTANCE):
    """Key Protect."""
    return keyprotect.Client(
        credentials=credentials(), region=REGION, service_instance_id=instance, endpoint_url=URL
    )


def resource_controller():
    """The resource controller."""
    return redstone.service("ResourceController", credentials=credentials(), region=REGION, endpoint_url=URL)


def refused(code, call, *args, **kwargs):
    """Expects a refusal: this client shows the text only, so the reason has to be in it."""
    try:
        call(*args, **kwargs)
    except redstone.client.KeyProtect.KeyProtectError as error:
        assert str(error).endswith(f"({code})"), str(error)
    else:
        raise AssertionError(f"not refused with {code}")


def settle():
    """Half a minute has to pass between two opposite changes of a key."""
    time.sleep(SETTLED)
