mock_provider "azurerm" {
  source          = "../../mocks/azurerm"
  override_during = plan
}

mock_provider "azapi" {
  source          = "../../mocks/azapi"
  override_during = plan
}

override_resource {
  target          = module.backup_storage.azurerm_storage_container.this["exports"]
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Storage/storageAccounts/st/blobServices/default/containers/exports"
  }
}

override_resource {
  target          = module.backup_storage.azurerm_storage_container.this["schedules"]
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Storage/storageAccounts/st/blobServices/default/containers/schedules"
  }
}

override_resource {
  target          = module.network.azurerm_subnet.functions
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/virtualNetworks/vnet/subnets/functions"
  }
}

override_resource {
  target          = module.network.azurerm_subnet.nodes
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes"
  }
}

variables {
  budget               = { amount = 500, start = "2026-12-01" }
  name                 = "numbers-test"
  suffix               = "x1"
  location             = "westeurope"
  subscription_id      = "00000000-0000-0000-0000-00000000a001"
  tenant_id            = "00000000-0000-0000-0000-00000000b001"
  alert_emails         = ["operations@example.org"]
  aks                  = { kubernetes_version = "1.35" }
  api_server_ip_ranges = ["198.51.100.0/24"]
  database_administrator = {
    object_id = "00000000-0000-0000-0000-00000000d001"
    name      = "numbers-database-administrators"
  }
  resource_group = {
    id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test"
    name = "rg-numbers-test"
  }
  dns_zone = {
    id                  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test-dns/providers/Microsoft.Network/dnsZones/test.numbers.example.org"
    name                = "test.numbers.example.org"
    resource_group_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test-dns"
    resource_group_name = "rg-numbers-test-dns"
  }
  sizing_role_definition_ids = {
    identity  = "/providers/Microsoft.Authorization/roleDefinitions/identity"
    node_pool = "/providers/Microsoft.Authorization/roleDefinitions/node-pool"
    plan      = "/providers/Microsoft.Authorization/roleDefinitions/plan"
    site      = "/providers/Microsoft.Authorization/roleDefinitions/site"
    subnet    = "/providers/Microsoft.Authorization/roleDefinitions/subnet"
  }
}

run "the_app_may_do_three_things_each_on_one_resource" {
  command = plan

  assert {
    condition = {
      for key, role in azurerm_role_assignment.app : role.role_definition_name => basename(role.scope)
      } == {
      "Storage Blob Data Contributor" = "exports"
      "Storage Blob Data Reader"      = "schedules"
      "Monitoring Metrics Publisher"  = "appi"
    }
    error_message = "The app writes exports, reads schedules, and sends telemetry."
  }
}

run "the_app_sizes_itself_and_one_pool_and_joins_what_they_name" {
  command = plan

  assert {
    condition = {
      for key, role in azurerm_role_assignment.sizing : basename(role.scope) => basename(role.role_definition_id)
      } == {
      func      = "site"
      plan      = "plan"
      id        = "identity"
      functions = "subnet"
      pool      = "node-pool"
      nodes     = "subnet"
    }
    error_message = "Without the roles on what is named, Resource Manager refuses to write either back."
  }
}

run "no_role_of_the_app_is_as_wide_as_a_resource_group" {
  command = plan

  variables {
    backup = { databases = ["postfacto"] }
  }

  assert {
    condition = alltrue([
      for role in concat(values(azurerm_role_assignment.app), values(azurerm_role_assignment.app_secret), values(azurerm_role_assignment.sizing)) :
      strcontains(role.scope, "/providers/") && role.principal_id == azurerm_user_assigned_identity.app.principal_id
    ])
    error_message = "Each role belongs on one resource."
  }
}

run "the_app_reads_its_own_secrets_and_no_others_of_the_vault" {
  command = plan

  variables {
    backup = {
      databases      = ["postfacto-4-2-0"]
      drill_identity = true
    }
  }

  assert {
    condition = toset([for role in azurerm_role_assignment.app_secret : role.scope]) == toset([
      "${module.app_vault.id}/secrets/backup-database-url-postfacto-4-2-0",
      "${module.app_vault.id}/secrets/drill-identity",
    ])
    error_message = "The role belongs on the secret, not on the vault."
  }
}

run "without_locks_nothing_is_locked" {
  command = plan

  assert {
    condition     = length(output.locked) == 0
    error_message = "A test environment must come down in one command."
  }
}

run "with_locks_nothing_that_holds_data_can_be_deleted" {
  command = plan

  variables {
    delete_lock = true
  }

  assert {
    condition = alltrue([
      output.locked == toset(["app_vault", "backups", "postfacto_vault", "postgres"]),
      alltrue([for lock in azapi_resource.lock : lock.body.properties.level == "CanNotDelete"]),
    ])
    error_message = "Database, backups and vaults need the lock."
  }
}

run "a_name_that_is_too_long_for_a_storage_account_is_refused" {
  command = plan

  variables {
    name = "numbers-production"
  }

  expect_failures = [var.name]
}

run "a_suffix_that_is_too_long_is_refused" {
  command = plan

  variables {
    suffix = "unique"
  }

  expect_failures = [var.suffix]
}
