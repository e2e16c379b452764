mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

variables {
  workspace_id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
  name                = "psql-numbers-test"
  resource_group_name = "rg-numbers-test"
  location            = "westeurope"
  tenant_id           = "00000000-0000-0000-0000-00000000b001"
  delegated_subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/postgres"
  private_dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/numbers-test.postgres.database.azure.com"
  administrator = {
    object_id = "00000000-0000-0000-0000-00000000d001"
    name      = "numbers-database-administrators"
  }
}

run "the_database_is_not_public" {
  command = plan

  assert {
    condition = alltrue([
      !azurerm_postgresql_flexible_server.this.public_network_access_enabled,
      azurerm_postgresql_flexible_server.this.delegated_subnet_id == var.delegated_subnet_id,
      azurerm_postgresql_flexible_server.this.private_dns_zone_id == var.private_dns_zone_id,
    ])
    error_message = "The server must be in its subnet only."
  }
}

run "logins_need_tokens_and_tls" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_postgresql_flexible_server.this.authentication[0].active_directory_auth_enabled,
      !azurerm_postgresql_flexible_server.this.authentication[0].password_auth_enabled,
      azurerm_postgresql_flexible_server.this.authentication[0].tenant_id == var.tenant_id,
      azurerm_postgresql_flexible_server_configuration.require_secure_transport.value == "ON",
    ])
    error_message = "The server must accept only tokens of Entra, over TLS."
  }
}

run "the_administrator_is_the_given_group" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_postgresql_flexible_server_active_directory_administrator.this.object_id == var.administrator.object_id,
      azurerm_postgresql_flexible_server_active_directory_administrator.this.principal_type == "Group",
    ])
    error_message = "Operators administer through a group."
  }
}

run "a_server_starts_with_the_requested_disk" {
  command = apply

  variables {
    storage_mb = 65536
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.storage_mb == 65536 && azurerm_postgresql_flexible_server.this.auto_grow_enabled
    error_message = "Terraform sets the first size, and Azure the later ones."
  }
}

run "a_grown_disk_keeps_its_size" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server.this.storage_mb == 65536
    error_message = "A smaller disk needs another server, without the data."
  }
}

run "a_disk_of_another_size_is_rejected" {
  command = plan

  variables {
    storage_mb = 40000
  }

  expect_failures = [var.storage_mb]
}

run "the_servers_log_is_kept" {
  command = plan

  assert {
    condition     = one(azurerm_monitor_diagnostic_setting.this.enabled_log).category == "PostgreSQLLogs"
    error_message = "The log must show why a query failed."
  }
}

run "a_requested_standby_exists" {
  command = plan

  variables {
    sku_name          = "GP_Standard_D2ds_v5"
    high_availability = true
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.high_availability[0].mode == "ZoneRedundant"
    error_message = "The standby belongs in another zone."
  }
}

run "a_burstable_server_with_a_standby_is_rejected" {
  command = plan

  variables {
    high_availability = true
  }

  expect_failures = [var.high_availability]
}

run "an_administrator_of_another_kind_is_rejected" {
  command = plan

  variables {
    administrator = {
      object_id = "00000000-0000-0000-0000-00000000d001"
      name      = "numbers"
      type      = "Application"
    }
  }

  expect_failures = [var.administrator]
}

run "an_old_version_is_rejected" {
  command = plan

  variables {
    postgres_version = "12"
  }

  expect_failures = [var.postgres_version]
}

run "one_day_of_backups_is_rejected" {
  command = plan

  variables {
    backup_retention_days = 1
  }

  expect_failures = [var.backup_retention_days]
}

run "a_size_without_its_tier_is_rejected" {
  command = plan

  variables {
    sku_name = "Standard_D2ds_v5"
  }

  expect_failures = [var.sku_name]
}
