mock_provider "azurerm" {
  mock_resource "azurerm_postgresql_flexible_server" {
    defaults = {
      id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql"
      fqdn = "psql-numbers-test.postgres.database.azure.com"
    }
  }
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
    error_message = "The server must live in its subnet alone."
  }
}

run "there_is_no_password_and_no_connection_in_the_clear" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_postgresql_flexible_server.this.authentication[0].active_directory_auth_enabled,
      !azurerm_postgresql_flexible_server.this.authentication[0].password_auth_enabled,
      azurerm_postgresql_flexible_server.this.authentication[0].tenant_id == var.tenant_id,
      azurerm_postgresql_flexible_server_configuration.require_secure_transport.value == "ON",
    ])
    error_message = "Tokens of Entra, over TLS, and nothing else."
  }
}

run "the_administrator_is_the_group_that_was_given" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_postgresql_flexible_server_active_directory_administrator.this.object_id == var.administrator.object_id,
      azurerm_postgresql_flexible_server_active_directory_administrator.this.principal_type == "Group",
    ])
    error_message = "People administer through a group."
  }
}

run "a_server_begins_with_the_disk_that_was_asked_for" {
  command = apply

  variables {
    storage_mb = 65536
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.storage_mb == 65536 && azurerm_postgresql_flexible_server.this.auto_grow_enabled
    error_message = "The first size is ours, the others are Azure's."
  }
}

run "a_disk_that_has_grown_is_left_alone" {
  command = plan

  assert {
    condition     = azurerm_postgresql_flexible_server.this.storage_mb == 65536
    error_message = "A smaller disk is another server: the data would be gone."
  }
}

run "a_disk_of_another_size_is_refused" {
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
    error_message = "Who wants to know why a query failed needs the log."
  }
}

run "a_standby_is_there_when_asked_for" {
  command = plan

  variables {
    sku_name          = "GP_Standard_D2ds_v5"
    high_availability = true
  }

  assert {
    condition     = azurerm_postgresql_flexible_server.this.high_availability[0].mode == "ZoneRedundant"
    error_message = "The standby belongs into another zone."
  }
}

run "a_burstable_server_with_a_standby_is_refused" {
  command = plan

  variables {
    high_availability = true
  }

  expect_failures = [var.high_availability]
}

run "an_administrator_of_another_kind_is_refused" {
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

run "an_old_version_is_refused" {
  command = plan

  variables {
    postgres_version = "12"
  }

  expect_failures = [var.postgres_version]
}

run "backups_of_a_day_are_refused" {
  command = plan

  variables {
    backup_retention_days = 1
  }

  expect_failures = [var.backup_retention_days]
}

run "a_size_without_its_tier_is_refused" {
  command = plan

  variables {
    sku_name = "Standard_D2ds_v5"
  }

  expect_failures = [var.sku_name]
}
