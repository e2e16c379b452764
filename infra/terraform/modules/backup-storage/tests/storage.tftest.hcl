mock_provider "azurerm" {
  source          = "../../mocks/azurerm"
  override_during = plan

  override_resource {
    target = azurerm_storage_container.this["exports"]
    values = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st/blobServices/default/containers/exports"
    }
  }
}

variables {
  name                       = "stnumberstestbackup"
  resource_group_name        = "rg-numbers-test"
  location                   = "westeurope"
  private_dns_zone_id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
  private_endpoint_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet"
  workspace_id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
}

run "the_account_has_no_keys_and_no_public_endpoint" {
  command = plan

  assert {
    condition = alltrue([
      !azurerm_storage_account.this.shared_access_key_enabled,
      !azurerm_storage_account.this.local_user_enabled,
      !azurerm_storage_account.this.public_network_access_enabled,
      !azurerm_storage_account.this.allow_nested_items_to_be_public,
      azurerm_storage_account.this.default_to_oauth_authentication,
    ])
    error_message = "Backups must be reached by identities, through the private endpoint."
  }
}

run "only_operators_addresses_reach_the_backups" {
  command = plan

  variables {
    allowed_ip_ranges = ["198.51.100.7/32", "203.0.113.0/24"]
  }

  assert {
    condition = alltrue([
      azurerm_storage_account.this.public_network_access_enabled,
      azurerm_storage_account.this.network_rules[0].default_action == "Deny",
      azurerm_storage_account.this.network_rules[0].ip_rules == toset(["198.51.100.7", "203.0.113.0/24"]),
      !azurerm_storage_account.this.shared_access_key_enabled,
    ])
    error_message = "An address must not admit a caller without a role."
  }
}

run "the_whole_internet_is_rejected" {
  command = plan

  variables {
    allowed_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "the_private_endpoint_of_the_account_has_a_name" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_private_endpoint.this.private_service_connection[0].private_connection_resource_id == azurerm_storage_account.this.id,
      azurerm_private_endpoint.this.private_service_connection[0].subresource_names == tolist(["blob"]),
      azurerm_private_endpoint.this.private_dns_zone_group[0].private_dns_zone_ids == tolist([var.private_dns_zone_id]),
    ])
    error_message = "Without endpoint and zone no caller reaches the account."
  }
}

run "deleted_and_overwritten_blobs_can_be_restored" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_storage_account.this.blob_properties[0].versioning_enabled,
      azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 30,
      azurerm_storage_account.this.blob_properties[0].container_delete_retention_policy[0].days == 30,
    ])
    error_message = "Versions and soft delete are the last protection."
  }
}

run "reads_writes_and_deletions_are_audited" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_monitor_diagnostic_setting.this.target_resource_id == "${azurerm_storage_account.this.id}/blobServices/default",
      toset([for log in azurerm_monitor_diagnostic_setting.this.enabled_log : log.category]) == toset(["StorageRead", "StorageWrite", "StorageDelete"]),
    ])
    error_message = "Reads count too: a backup holds everything."
  }
}

run "only_the_exports_are_immutable" {
  command = plan

  assert {
    condition = alltrue([
      endswith(azurerm_storage_container_immutability_policy.exports.storage_container_resource_manager_id, "/containers/exports"),
      azurerm_storage_container_immutability_policy.exports.immutability_period_in_days == 14,
      !azurerm_storage_container_immutability_policy.exports.locked,
    ])
    error_message = "Barman's and Velero's own deletions would fail in an immutable container."
  }
}

run "the_account_deletes_after_the_immutability_ends" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_storage_management_policy.this.rule[0].actions[0].base_blob[0].delete_after_days_since_creation_greater_than > var.immutable_days,
      azurerm_storage_management_policy.this.rule[0].actions[0].version[0].delete_after_days_since_creation > var.immutable_days,
    ])
    error_message = "The deletion of a blob that is still immutable fails."
  }
}

run "the_account_deletes_only_exports" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_storage_management_policy.this.rule[0].filters[0].prefix_match == toset(["exports/"]),
      length(azurerm_storage_management_policy.this.rule[1].actions[0].base_blob) == 0,
    ])
    error_message = "Barman and Velero decide on their own backups."
  }
}

run "the_app_gets_the_immutable_days" {
  command = plan

  variables {
    immutable_days = 30
  }

  assert {
    condition     = output.immutable_days == 30
    error_message = "BACKUP_IMMUTABLE_DAYS must be the container's."
  }
}

run "a_lifecycle_shorter_than_the_immutability_is_rejected" {
  command = plan

  variables {
    immutable_days            = 90
    version_delete_after_days = 60
  }

  expect_failures = [var.version_delete_after_days]
}

run "a_lifecycle_shorter_than_yearly_backups_is_rejected" {
  command = plan

  variables {
    delete_after_days = 180
  }

  expect_failures = [var.delete_after_days]
}

run "zero_immutable_days_are_rejected" {
  command = plan

  variables {
    immutable_days = 0
  }

  expect_failures = [var.immutable_days]
}

run "an_unknown_replication_is_rejected" {
  command = plan

  variables {
    replication_type = "ZGRS"
  }

  expect_failures = [var.replication_type]
}
