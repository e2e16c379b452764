# Applied and not only planned: what can be known only afterwards must not decide what there is.
mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

mock_provider "azapi" {
  source = "../../mocks/azapi"
}

variables {
  api_server_ip_ranges = ["198.51.100.0/24"]
  budget               = { amount = 500, start = "2026-12-01" }
  location             = "westeurope"
  name                 = "numbers-test"
  subscription_id      = "00000000-0000-0000-0000-00000000a001"
  suffix               = "x1"
  tenant_id            = "00000000-0000-0000-0000-00000000b001"
  database_administrator = {
    object_id = "00000000-0000-0000-0000-00000000d001"
    name      = "numbers-database-administrators"
  }
  dns_zone = {
    id                  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test-dns/providers/Microsoft.Network/dnsZones/test.numbers.example.org"
    name                = "test.numbers.example.org"
    resource_group_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test-dns"
    resource_group_name = "rg-numbers-test-dns"
  }
  resource_group = {
    id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test"
    name = "rg-numbers-test"
  }
  sizing_role_definition_ids = {
    identity  = "/providers/Microsoft.Authorization/roleDefinitions/identity"
    node_pool = "/providers/Microsoft.Authorization/roleDefinitions/node-pool"
    plan      = "/providers/Microsoft.Authorization/roleDefinitions/plan"
    site      = "/providers/Microsoft.Authorization/roleDefinitions/site"
    subnet    = "/providers/Microsoft.Authorization/roleDefinitions/subnet"
  }
}

run "helmfile_gets_the_keys_that_it_knows" {
  command = apply

  assert {
    condition     = keys(output.helmfile) == keys(jsondecode(file("${path.module}/../../../tests/azure.sample.json")))
    error_message = "The output helmfile has ${join(", ", keys(output.helmfile))}; infra/tests/azure.sample.json, with which Helmfile is tested, has other keys."
  }

  assert {
    condition     = alltrue([for value in values(output.helmfile) : value != null && value != ""])
    error_message = "Each key needs a value."
  }
}

run "the_kube_context_has_the_environments_name" {
  command = apply

  assert {
    condition     = output.helmfile.contextName == "numbers-test"
    error_message = "Helmfile refuses another context, so that nobody applies to the wrong cluster."
  }
}

run "it_comes_down_in_one_command" {
  command = apply

  assert {
    condition     = length(module.platform.locked) == 0
    error_message = "Locks are for what cannot be made again."
  }
}
