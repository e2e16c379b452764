mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

variables {
  workspace_id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
  name                       = "kv-numbers-test"
  resource_group_name        = "rg-numbers-test"
  location                   = "westeurope"
  tenant_id                  = "00000000-0000-0000-0000-00000000b001"
  private_dns_zone_id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
  private_endpoint_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet"
}

run "without_allowed_addresses_the_vault_is_private" {
  command = plan

  assert {
    condition = alltrue([
      !azurerm_key_vault.this.public_network_access_enabled,
      azurerm_key_vault.this.network_acls[0].default_action == "Deny",
    ])
    error_message = "Only the private endpoint may reach the vault."
  }
}

run "only_allowed_addresses_are_admitted" {
  command = plan

  variables {
    allowed_ip_ranges = ["198.51.100.0/24"]
  }

  assert {
    condition = alltrue([
      azurerm_key_vault.this.public_network_access_enabled,
      azurerm_key_vault.this.network_acls[0].default_action == "Deny",
      azurerm_key_vault.this.network_acls[0].ip_rules == toset(["198.51.100.0/24"]),
    ])
    error_message = "Only the given addresses may write from outside."
  }
}

run "roles_give_rights_and_purges_are_off" {
  command = plan

  assert {
    condition     = azurerm_key_vault.this.rbac_authorization_enabled && azurerm_key_vault.this.purge_protection_enabled
    error_message = "The vault must use Azure's roles and keep deleted secrets."
  }
}

run "access_to_secrets_is_audited" {
  command = plan

  assert {
    condition     = one(azurerm_monitor_diagnostic_setting.this.enabled_log).category == "AuditEvent"
    error_message = "Each access must be logged."
  }
}

run "the_whole_internet_is_rejected" {
  command = plan

  variables {
    allowed_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_name_of_more_than_24_characters_is_rejected" {
  command = plan

  variables {
    name = "kv-numbers-with-a-long-name"
  }

  expect_failures = [var.name]
}
