"""Service IDs, API keys and users: read, changed, locked, disabled, and removed."""

from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import UserManagementV1

from clients import ACCOUNT, ADMINISTRATOR, URL, Clients, refused_by_platform

identity = Clients().identity
service = identity.create_service_id(account_id=ACCOUNT, name="deploys-of-python").get_result()
assert identity.get_service_id(service["id"]).get_result()["iam_id"] == service["iam_id"]
found = identity.list_service_ids(account_id=ACCOUNT, name="deploys-of-python").get_result()["serviceids"]
assert [one["id"] for one in found] == [service["id"]]
made = identity.create_api_key(name="ci", iam_id=service["iam_id"], account_id=ACCOUNT).get_result()
assert identity.get_api_keys_details(iam_api_key=made["apikey"]).get_result()["id"] == made["id"]
assert "apikey" not in identity.get_api_key(made["id"]).get_result()
assert identity.disable_api_key(made["id"]).get_status_code() == 204
assert identity.get_api_key(made["id"]).get_result()["disabled"] is True
assert identity.delete_service_id(service["id"]).get_status_code() == 204
refused_by_platform(404, identity.get_api_key, made["id"])

# Users of the account.
users = UserManagementV1(authenticator=IAMAuthenticator(ADMINISTRATOR, url=URL))
users.set_service_url(URL)
invited = users.invite_users(ACCOUNT, users=[{"email": "auditor@example.com"}]).get_result()["resources"][0]
listed = users.list_users(ACCOUNT).get_result()["resources"]
assert invited["id"] in [user["iam_id"] for user in listed]
assert users.get_user_profile(ACCOUNT, invited["id"]).get_result()["email"] == "auditor@example.com"
users.update_user_profile(ACCOUNT, invited["id"], firstname="Au", lastname="Ditor")
assert users.remove_user(ACCOUNT, invited["id"]).get_status_code() == 204
refused_by_platform(404, users.get_user_profile, ACCOUNT, invited["id"])
