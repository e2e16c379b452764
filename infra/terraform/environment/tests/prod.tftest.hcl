# With -var-file=prod.tfvars.
mock_provider "azurerm" {
  source          = "../mocks/azurerm"
  override_during = plan
}

mock_provider "azapi" {
  source          = "../mocks/azapi"
  override_during = plan
}

variables {
  alert_emails = ["operations@numbers.example.dev"]
  name         = "numbers-prod"
  dns_zone = {
    id                  = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-numbers-prod-dns/providers/Microsoft.Network/dnsZones/prod.numbers.example.org"
    name                = "prod.numbers.example.org"
    resource_group_id   = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-numbers-prod-dns"
    resource_group_name = "rg-numbers-prod-dns"
  }
  resource_group = {
    id   = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-numbers-prod"
    name = "rg-numbers-prod"
  }
}

run "helmfile_gets_its_keys" {
  command = plan

  assert {
    condition     = keys(output.helmfile) == keys(jsondecode(file("${path.module}/../../tests/azure.sample.json")))
    error_message = "The output helmfile has ${join(", ", keys(output.helmfile))}; infra/tests/azure.sample.json, with which Helmfile is tested, has other keys."
  }

  assert {
    condition     = alltrue([for value in values(output.helmfile) : value != null && value != ""])
    error_message = "Each key needs a value."
  }
}

run "the_kube_context_is_named_after_the_environment" {
  command = plan

  assert {
    condition     = output.helmfile.contextName == "numbers-prod"
    error_message = "Helmfile rejects another context, so an apply cannot reach the wrong cluster."
  }
}

run "data_is_locked_against_deletion" {
  command = plan

  assert {
    condition     = toset(keys(azapi_resource.lock)) == toset(["app_vault", "backups", "postfacto_vault", "postgres"])
    error_message = "A plan that would delete one of them must fail."
  }
}

run "the_network_can_be_peered_with_that_of_test" {
  command = plan

  assert {
    condition     = output.helmfile.nodeSubnetPrefix == "10.21.0.0/22"
    error_message = "Networks with the same addresses cannot be peered."
  }
}
