mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

variables {
  name                = "id-numbers-test-velero"
  resource_group_name = "rg-numbers-test"
  location            = "westeurope"
  issuer              = "https://westeurope.oic.prod-aks.azure.com/00000000-0000-0000-0000-000000000000/1/"
  service_accounts    = ["velero/velero", "postfacto-4-2-0/postgres"]
  roles = {
    backups = {
      scope                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st"
      role_definition_name = "Storage Blob Data Contributor"
    }
  }
}

run "each_service_account_has_a_credential_of_its_own" {
  command = plan

  assert {
    condition = output.subjects == toset([
      "system:serviceaccount:velero:velero",
      "system:serviceaccount:postfacto-4-2-0:postgres",
    ])
    error_message = "Kubernetes writes subjects as system:serviceaccount:<namespace>:<name>."
  }
}

run "the_issuer_is_the_given_cluster" {
  command = plan

  assert {
    condition     = alltrue([for credential in azurerm_federated_identity_credential.this : credential.issuer == var.issuer])
    error_message = "Tokens of another cluster must be rejected."
  }
}

run "a_service_account_without_a_namespace_is_rejected" {
  command = plan

  variables {
    service_accounts = ["velero"]
  }

  expect_failures = [var.service_accounts]
}

run "a_contributor_is_rejected" {
  command = plan

  variables {
    roles = {
      all = {
        scope                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
        role_definition_name = "Contributor"
      }
    }
  }

  expect_failures = [var.roles]
}

run "a_role_on_the_whole_subscription_is_rejected" {
  command = plan

  variables {
    roles = {
      all = {
        scope                = "/subscriptions/00000000-0000-0000-0000-000000000000"
        role_definition_name = "Reader"
      }
    }
  }

  expect_failures = [var.roles]
}

run "an_issuer_without_https_is_rejected" {
  command = plan

  variables {
    issuer = "westeurope.oic.prod-aks.azure.com"
  }

  expect_failures = [var.issuer]
}
