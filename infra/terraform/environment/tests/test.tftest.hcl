# With -var-file=test.tfvars. Applied and not only planned: unknown values must not decide which resources exist.
mock_provider "azurerm" {
  source = "../mocks/azurerm"
}

mock_provider "azapi" {
  source = "../mocks/azapi"
}

run "helmfile_gets_its_keys" {
  command = apply

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
  command = apply

  assert {
    condition     = output.helmfile.contextName == "numbers-test"
    error_message = "Helmfile rejects another context, so an apply cannot reach the wrong cluster."
  }
}

run "a_destroy_needs_no_unlocking" {
  command = apply

  assert {
    condition     = length(azapi_resource.lock) == 0
    error_message = "Locks are for data that cannot be made again."
  }
}

# From here on, the state is that of numbers-test.
run "the_state_of_another_environment_is_rejected" {
  command = plan

  variables {
    environment = "prod"
    name        = "numbers-prod"
  }

  expect_failures = [var.name]
}

run "the_state_of_another_subscription_is_rejected" {
  command = plan

  variables {
    subscription_id = "00000000-0000-0000-0000-00000000a002"
    dns_zone = {
      id                  = "/subscriptions/00000000-0000-0000-0000-00000000a002/resourceGroups/rg-numbers-test-dns/providers/Microsoft.Network/dnsZones/test.numbers.example.org"
      name                = "test.numbers.example.org"
      resource_group_id   = "/subscriptions/00000000-0000-0000-0000-00000000a002/resourceGroups/rg-numbers-test-dns"
      resource_group_name = "rg-numbers-test-dns"
    }
    resource_group = {
      id   = "/subscriptions/00000000-0000-0000-0000-00000000a002/resourceGroups/rg-numbers-test"
      name = "rg-numbers-test"
    }
  }

  expect_failures = [var.subscription_id]
}
