mock_provider "azurerm" {
  mock_resource "azurerm_storage_account" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stnumbersstate"
    }
  }
}

variables {
  name                = "stnumbersstate"
  resource_group_name = "rg-numbers-bootstrap"
  location            = "westeurope"
  containers          = ["bootstrap", "test", "prod"]
}

run "the_account_has_no_keys_and_nothing_public" {
  command = plan

  assert {
    condition = alltrue([
      !azurerm_storage_account.this.shared_access_key_enabled,
      !azurerm_storage_account.this.local_user_enabled,
      !azurerm_storage_account.this.allow_nested_items_to_be_public,
      azurerm_storage_account.this.default_to_oauth_authentication,
      azurerm_storage_account.this.min_tls_version == "TLS1_2",
    ])
    error_message = "The state must be reached by Entra identities alone."
  }
}

run "every_version_of_a_state_can_be_brought_back" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_storage_account.this.blob_properties[0].versioning_enabled,
      azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 90,
      azurerm_storage_account.this.blob_properties[0].container_delete_retention_policy[0].days == 90,
    ])
    error_message = "States need versions and soft delete."
  }
}

run "each_state_has_a_container_of_its_own" {
  command = plan

  assert {
    condition     = toset(keys(output.container_ids)) == toset(["bootstrap", "test", "prod"])
    error_message = "Roles are given by container, so there must be one for each state."
  }
}

run "a_name_that_no_account_can_have_is_refused" {
  command = plan

  variables {
    name = "st-numbers"
  }

  expect_failures = [var.name]
}

run "no_container_at_all_is_refused" {
  command = plan

  variables {
    containers = []
  }

  expect_failures = [var.containers]
}

run "a_day_of_soft_delete_is_refused" {
  command = plan

  variables {
    soft_delete_days = 1
  }

  expect_failures = [var.soft_delete_days]
}

run "reads_of_a_state_are_logged" {
  command = plan

  assert {
    condition = toset([for log in azurerm_monitor_diagnostic_setting.this.enabled_log : log.category]) == toset([
      "StorageDelete", "StorageRead", "StorageWrite",
    ])
    error_message = "A reader of a state learns every address in it, so each read must be found afterwards."
  }
}
