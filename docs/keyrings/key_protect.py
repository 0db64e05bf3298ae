"""A master key for aws-encryption-sdk whose data keys are wrapped by a Key Protect service, as envelock has them."""

import hashlib
import json
import os
from base64 import b64decode, b64encode
from urllib.request import Request, urlopen

import attr
from aws_encryption_sdk.internal.formatting.encryption_context import serialize_encryption_context
from aws_encryption_sdk.key_providers.base import MasterKey, MasterKeyConfig
from aws_encryption_sdk.structures import DataKey, EncryptedDataKey


@attr.s(hash=True)
class KeyProtectConfig(MasterKeyConfig):
    """`key_id` is "<instance>/<key>"; `get_token` gives an access token for the service at `endpoint`."""

    provider_id = "envelock-key-protect-v1"
    endpoint = attr.ib(hash=True)
    get_token = attr.ib(hash=False)


class KeyProtectMasterKey(MasterKey):
    provider_id = KeyProtectConfig.provider_id
    _config_class = KeyProtectConfig

    def _call(self, action, body, context):
        instance, key = self.key_id.decode().split("/")
        aad = hashlib.sha256(serialize_encryption_context(context)).hexdigest()
        headers = {"Authorization": f"Bearer {self.config.get_token()}", "Bluemix-Instance": instance}
        url = f"{self.config.endpoint}/api/v2/keys/{key}/actions/{action}"
        with urlopen(Request(url, json.dumps({**body, "aad": [aad]}).encode(), headers)) as answer:
            return json.load(answer)

    def _encrypt_data_key(self, data_key, algorithm, encryption_context):
        wrapped = self._call("wrap", {"plaintext": b64encode(data_key.data_key).decode()}, encryption_context)
        return EncryptedDataKey(self.key_provider, wrapped["ciphertext"].encode())

    def _generate_data_key(self, algorithm, encryption_context):
        made = DataKey(self.key_provider, os.urandom(algorithm.kdf_input_len), b"")
        wrapped = self._encrypt_data_key(made, algorithm, encryption_context)
        return DataKey(self.key_provider, made.data_key, wrapped.encrypted_data_key)

    def _decrypt_data_key(self, encrypted_data_key, algorithm, encryption_context):
        wrapped = encrypted_data_key.encrypted_data_key
        opened = self._call("unwrap", {"ciphertext": wrapped.decode()}, encryption_context)
        return DataKey(self.key_provider, b64decode(opened["plaintext"]), wrapped)
