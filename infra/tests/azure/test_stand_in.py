"""Requests as azurerm and azapi make them, against a running stand-in.

    STAND_IN=<address> SSL_CERT_FILE=<certificate> python -m unittest test_stand_in
"""

import json
import os
import unittest
import urllib.error
import urllib.request

ADDRESS = os.environ["STAND_IN"]
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-00000000a001"


class Answer:
    def __init__(self, response):
        self.status, self.headers, text = response.status, response.headers, response.read()
        self.body = json.loads(text) if text else None

    @property
    def code(self):
        return self.body["error"]["code"]


class Test(unittest.TestCase):
    def setUp(self):
        # Each test has a group of its own.
        self.group = f"{SUBSCRIPTION}/resourceGroups/rg-{self.id().rsplit('.')[-1].replace('_', '-')}"
        self.token = self.ask("POST", "/tenant/oauth2/v2.0/token", form=b"grant_type=client_credentials").body["access_token"]

    def ask(self, method, path, body=None, form=None, version="?api-version=2025-03-01", token=True):
        url = path if path.startswith("https:") else ADDRESS + path + ("" if form else version)
        request = urllib.request.Request(url, method=method)
        if body is not None or form is not None:
            request.data = form or json.dumps(body).encode()
        if token and not form:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            return Answer(urllib.request.urlopen(request))
        except urllib.error.HTTPError as error:
            return Answer(error)

    def put(self, below, body, status=201):
        answer = self.ask("PUT", self.group + below, body)
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def finished(self, answer):
        """Polls the operation to its end, as providers do. Returns every state."""
        states = []
        while not states or states[-1] == "InProgress":
            self.assertLess(len(states), 10)
            states.append(self.ask("GET", answer.headers["Azure-AsyncOperation"]).body["status"])
        return states

    def test_a_cloud_is_found_by_its_metadata(self):
        cloud = self.ask("GET", "/metadata/endpoints", version="?api-version=2022-09-01", token=False).body
        self.assertEqual((cloud["resourceManager"], cloud["authentication"]["loginEndpoint"]), (ADDRESS, ADDRESS))

    def test_a_request_needs_a_token_and_a_version(self):
        self.assertEqual(self.ask("GET", self.group, token=False).status, 401)
        self.assertEqual(self.ask("GET", self.group, version="").code, "MissingApiVersionParameter")

    def test_a_subscription_and_its_providers(self):
        self.assertEqual(self.ask("GET", SUBSCRIPTION).body["state"], "Enabled")
        provider = SUBSCRIPTION + "/providers/Microsoft.App"
        self.assertEqual(self.ask("GET", provider).body["registrationState"], "NotRegistered")
        self.assertEqual(self.ask("POST", provider + "/register").status, 200)
        self.assertEqual(self.ask("GET", provider).body["registrationState"], "Registered")
        names = [it["namespace"] for it in self.ask("GET", SUBSCRIPTION + "/providers").body["value"]]
        self.assertIn("microsoft.app", names)

    def test_a_group_comes_before_what_is_in_it(self):
        below = "/providers/Microsoft.Network/dnsZones/example.org"
        self.assertEqual(self.ask("PUT", self.group + below, {}).code, "ResourceGroupNotFound")
        self.assertEqual(self.ask("GET", self.group).code, "ResourceGroupNotFound")
        self.put("", {"location": "westeurope"})
        self.assertEqual(self.ask("HEAD", self.group).status, 204)
        zone = self.put(below, {"location": "global"}).body
        self.assertEqual((zone["id"], zone["location"]), (self.group + below, "global"))
        self.assertEqual(len(zone["properties"]["nameServers"]), 4)
        self.assertEqual(self.ask("GET", self.group.lower() + below.upper()).body, zone)

    def test_a_parent_comes_before_its_children_and_takes_them_along(self):
        self.put("", {})
        vnet = "/providers/Microsoft.Network/virtualNetworks/vnet"
        subnet = vnet + "/subnets/snet"
        self.assertEqual(self.ask("PUT", self.group + subnet, {}).code, "ParentResourceNotFound")
        self.put(vnet, {"properties": {"addressSpace": {}}})
        self.put(subnet, {"properties": {"addressPrefix": "10.0.0.0/24"}})
        listed = self.ask("GET", self.group + vnet + "/subnets").body["value"]
        self.assertEqual([it["name"] for it in listed], ["snet"])
        deleted = self.ask("DELETE", self.group + vnet)
        self.assertEqual(deleted.status, 202)
        self.finished(deleted)
        self.assertEqual(self.ask("GET", self.group + subnet).code, "ResourceNotFound")
        self.assertEqual(self.ask("DELETE", self.group + vnet).status, 204)

    def test_slow_kinds_are_asked_for_until_they_end(self):
        self.put("", {})
        server = "/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql"
        answer = self.put(server, {"properties": {"version": "18"}})
        self.assertEqual(self.finished(answer), ["InProgress", "Succeeded"])
        read = self.ask("GET", self.group + server).body["properties"]
        self.assertEqual((read["version"], read["state"]), ("18", "Ready"))
        self.put(server + "/configurations/azure.extensions", {"properties": {"value": "x"}})

    def test_a_patch_merges_and_a_put_replaces(self):
        self.put("", {})
        app = "/providers/Microsoft.Web/sites/func"
        self.put(app, {"properties": {"httpsOnly": True}})
        self.ask("PATCH", self.group + app, {"properties": {"enabled": False}})
        read = self.ask("GET", self.group + app).body["properties"]
        self.assertEqual((read["httpsOnly"], read["enabled"]), (True, False))
        self.put(app, {"properties": {}}, status=200)
        self.assertNotIn("httpsOnly", self.ask("GET", self.group + app).body["properties"])

    def test_the_type_of_a_plan_comes_back_in_lower_case(self):
        self.put("", {})
        plan = self.put("/providers/Microsoft.Web/serverFarms/plan", {}).body
        self.assertIn("/serverfarms/", plan["id"])

    def test_roles_are_found_by_name_and_given_on_what_is_there(self):
        filter_ = "&$filter=roleName%20eq%20'Storage%20Blob%20Data%20Owner'"
        path = SUBSCRIPTION + "/providers/Microsoft.Authorization/roleDefinitions"
        [role] = self.ask("GET", path, version="?api-version=2022-04-01" + filter_).body["value"]
        account = "/providers/Microsoft.Storage/storageAccounts/st"
        assignment = account + "/providers/Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-000000000001"
        body = {"properties": {"roleDefinitionId": role["id"]}}
        self.put("", {})
        self.assertEqual(self.ask("PUT", self.group + assignment, body).code, "ParentResourceNotFound")
        self.put(account, {})
        self.put(assignment, body)
        self.assertEqual(self.ask("POST", self.group + account + "/listKeys").body["keys"][0]["keyName"], "key1")
        self.assertEqual(self.ask("GET", self.group + account + "/blobServices/default").status, 200)
        self.assertEqual(self.ask("POST", self.group + account + "/explode").code, "InvalidAction")

    def test_a_deleted_vault_is_not_found(self):
        vault = SUBSCRIPTION + "/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv"
        self.assertEqual(self.ask("GET", vault).status, 404)


if __name__ == "__main__":
    unittest.main()
