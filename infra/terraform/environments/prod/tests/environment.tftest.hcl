mock_provider "azurerm" {
  source          = "../../mocks/azurerm"
  override_during = plan
}

mock_provider "azapi" {
  source          = "../../mocks/azapi"
  override_during = plan
}

variables {
  api_server_ip_ranges = ["198.51.100.0/24"]
  budget               = { amount = 500, start = "2026-12-01" }
  alert_emails         = ["operations@numbers.example.dev"]
  location             = "westeurope"
  name                 = "numbers-prod"
  subscription_id      = "00000000-0000-0000-0000-00000000a001"
  suffix               = "x1"
  tenant_id            = "00000000-0000-0000-0000-00000000b001"
  database_administrator = {
    object_id = "00000000-0000-0000-0000-00000000d001"
    name      = "numbers-database-administrators"
  }
  dns_zone = {
    id                  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-prod-dns/providers/Microsoft.Network/dnsZones/prod.numbers.example.org"
    name                = "prod.numbers.example.org"
    resource_group_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-prod-dns"
    resource_group_name = "rg-numbers-prod-dns"
  }
  resource_group = {
    id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-prod"
    name = "rg-numbers-prod"
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
  command = plan

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
  command = plan

  assert {
    condition     = output.helmfile.contextName == "numbers-prod"
    error_message = "Helmfile refuses another context, so that nobody applies to the wrong cluster."
  }
}

run "what_holds_data_is_locked" {
  command = plan

  assert {
    condition     = module.platform.locked == toset(["app_vault", "backups", "postfacto_vault", "postgres"])
    error_message = "A plan that would delete one of them must fail."
  }
}

run "the_network_can_be_joined_with_that_of_test" {
  command = plan

  assert {
    condition     = output.helmfile.nodeSubnetPrefix == "10.21.0.0/22"
    error_message = "Two networks with the same addresses can never be peered."
  }
}
