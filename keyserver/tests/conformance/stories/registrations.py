"""Registrations as users see them: nothing is registered with a new key, and only services register."""

from urllib.parse import quote

from clients import ACCOUNT, INSTANCE, Clients, create_key

kp = Clients().kp
key = create_key(kp, name="unused")["id"]
CRN = f"crn:v1:bluemix:public:discovery:us-south:a/{ACCOUNT}:77d0a1c2-0b1f-4a58-8d7f-2f9e5a1b3c4d::"

# The client encodes the query itself; whoever obeys its name encodes it before, too.
for query in (CRN, quote(CRN, safe=""), CRN[:-1] + "*"):
    listed = kp.get_registrations_all_keys(INSTANCE, url_encoded_resource_crn_query=query, total_count=True).get_result()
    assert listed["metadata"]["totalCount"] == 0 and listed["resources"] == []
of_key = kp.get_registrations(key, INSTANCE, prevent_key_deletion=True, limit=5000, offset=0).get_result()
assert of_key["metadata"]["collectionType"] == "application/vnd.ibm.kms.registration+json"
assert of_key["resources"] == []
assert kp.delete_key(key, INSTANCE).get_status_code() == 204
