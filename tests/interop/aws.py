"""Opens our messages and makes its own, with the AWS Encryption SDK for Python."""

import json
import sys
from base64 import b64decode, b64encode

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import Algorithm, CommitmentPolicy, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

sys.path.insert(0, sys.argv[1])
from key_protect import KeyProtectMasterKey  # noqa: E402  The keyring of docs/keyrings, whose folder is the first argument.

CLIENT = aws_encryption_sdk.EncryptionSDKClient()
UNCOMMITTED = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)


def provider(case):
    if "service" in case:
        service = case["service"]
        key_id = f"{service['instance']}/{service['key']}"
        return KeyProtectMasterKey(key_id=key_id, endpoint=service["endpoint"], get_token=lambda: service["token"])

    class Provider(RawMasterKeyProvider):
        provider_id = case["namespace"]

        def _get_raw_key(self, key_id):
            return WrappingKey(
                wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
                wrapping_key=b64decode(case["key"]),
                wrapping_key_type=EncryptionKeyType.SYMMETRIC,
            )

    made = Provider()
    made.add_master_key(case["name"])
    return made


def old(case):
    """A message of another suite than ours; without frames where their length is 0."""
    algorithm = Algorithm.get_by_id(case["suite"])
    client = CLIENT if algorithm.is_committing() else UNCOMMITTED
    message, _ = client.encrypt(
        source=b64decode(case["plaintext"]),
        key_provider=provider(case),
        encryption_context=case["context"],
        frame_length=case["frameLength"],
        algorithm=algorithm,
    )
    return {"message": b64encode(message).decode()}


def run(case):
    plaintext, header = CLIENT.decrypt(source=b64decode(case["message"]), key_provider=provider(case))
    assert header.encryption_context == case["context"], header.encryption_context
    message, _ = CLIENT.encrypt(
        source=plaintext,
        key_provider=provider(case),
        encryption_context=case["context"],
        frame_length=128,
        algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    )
    return {"plaintext": b64encode(plaintext).decode(), "message": b64encode(message).decode()}


json.dump([old(case) if "suite" in case else run(case) for case in json.load(sys.stdin)], sys.stdout)
