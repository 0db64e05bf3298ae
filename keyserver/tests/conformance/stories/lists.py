"""Lists of keys: pages, states, filters, order, search; and what is done with a key that is no more."""

from clients import INSTANCE, Clients, create_key, metadata, refused

kp = Clients().kp


def listed(**query):
    return [key["name"] for key in kp.get_keys(INSTANCE, **query).get_result()["resources"]]


for name in ("list-a", "list-b", "list-c"):
    create_key(kp, name=name, aliases=[f"alias-of-{name}"])
create_key(kp, name="list-standard", extractable=True)
assert listed(sort="-creationDate", limit=1, offset=0) and len(listed(limit=2)) == 2
assert listed(search="exact:name:list-b") == ["list-b"] == listed(search="alias:alias-of-list-b")
assert set(listed(search="list-", filter="extractable=true")) == {"list-standard"}
assert set(listed(search="list-", extractable=False)) == {"list-a", "list-b", "list-c"}
found = kp.get_keys(INSTANCE, search="not:list-").get_result()["metadata"]["searchQuery"]
assert (found["query"], found["not"]) == ("list-", True)
refused(400, "INVALID_QUERY_PARAM_ERR", kp.get_keys, INSTANCE, sort="colour")

# The older way to ask for actions, sync, and purge: not before four hours, and of deleted keys only.
key = metadata(kp, "alias-of-list-c")["id"]
wrapped = kp.action_on_key(key, INSTANCE, "wrap", key_action_body={"plaintext": "AAAA"}).get_result()
assert "ciphertext" in wrapped
assert kp.sync_associated_resources(key, INSTANCE).get_status_code() == 204
refused(409, "REQ_TOO_EARLY_ERR", kp.sync_associated_resources, key, INSTANCE)
