mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

variables {
  name                = "stnumbersstate"
  resource_group_name = "rg-numbers-bootstrap"
  location            = "westeurope"
  containers          = ["bootstrap", "test", "prod"]
}

run "the_account_has_no_keys_and_no_public_blobs" {
  command = plan

  assert {
    condition = alltrue([
      !azurerm_storage_account.this.shared_access_key_enabled,
      !azurerm_storage_account.this.local_user_enabled,
      !azurerm_storage_account.this.allow_nested_items_to_be_public,
      azurerm_storage_account.this.default_to_oauth_authentication,
      azurerm_storage_account.this.min_tls_version == "TLS1_2",
    ])
    error_message = "Only identities of Entra may reach the state."
  }
}

run "every_version_of_a_state_can_be_restored" {
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

run "a_name_with_a_hyphen_is_rejected" {
  command = plan

  variables {
    name = "st-numbers"
  }

  expect_failures = [var.name]
}

run "an_empty_set_of_containers_is_rejected" {
  command = plan

  variables {
    containers = []
  }

  expect_failures = [var.containers]
}

run "a_day_of_soft_delete_is_rejected" {
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
    error_message = "A state contains every address, so each read must be in a log."
  }
}
