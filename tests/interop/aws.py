"""Opens our messages and makes its own, with the AWS Encryption SDK for Python."""

import json
import sys
from base64 import b64decode, b64encode

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import Algorithm, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

CLIENT = aws_encryption_sdk.EncryptionSDKClient()


def provider(case):
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


json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
