resource "azurerm_postgresql_flexible_server" "this" {
  # checkov:skip=CKV_AZURE_136: Each environment chooses; prod has it.
  # checkov:skip=CKV2_AZURE_57: It has a subnet of its own instead, and no public address.

  name                          = var.name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  auto_grow_enabled             = true
  backup_retention_days         = var.backup_retention_days
  delegated_subnet_id           = var.delegated_subnet_id
  geo_redundant_backup_enabled  = var.geo_redundant_backup
  private_dns_zone_id           = var.private_dns_zone_id
  public_network_access_enabled = false
  sku_name                      = var.sku_name
  storage_mb                    = var.storage_mb
  tags                          = var.tags
  version                       = var.postgres_version

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = false
    tenant_id                     = var.tenant_id
  }

  dynamic "high_availability" {
    for_each = var.high_availability ? ["ZoneRedundant"] : []

    content {
      mode = high_availability.value
    }
  }

  lifecycle {
    # Azure chooses the zones, and changes them at a failover. The disk grows automatically, and azurerm could restore
    # its first size only by another server, without the data.
    ignore_changes = [zone, high_availability[0].standby_availability_zone, storage_mb]
  }
}

# Azure rejects a change of a server during another one, so each change waits for the one before.
resource "azurerm_postgresql_flexible_server_active_directory_administrator" "this" {
  resource_group_name = var.resource_group_name
  object_id           = var.administrator.object_id
  principal_name      = var.administrator.name
  principal_type      = var.administrator.type
  server_name         = azurerm_postgresql_flexible_server.this.name
  tenant_id           = var.tenant_id
}

resource "azurerm_postgresql_flexible_server_configuration" "require_secure_transport" {
  name      = "require_secure_transport"
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = "ON"

  depends_on = [azurerm_postgresql_flexible_server_active_directory_administrator.this]
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  name      = var.database
  server_id = azurerm_postgresql_flexible_server.this.id
  charset   = "UTF8"
  collation = "en_US.utf8"

  depends_on = [azurerm_postgresql_flexible_server_configuration.require_secure_transport]
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_postgresql_flexible_server.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "PostgreSQLLogs"
  }
}
