# Operators and programs write the secrets, so the state has none.
resource "azurerm_key_vault" "this" {
  # checkov:skip=CKV_AZURE_189: Public only for the addresses that are given, and closed when none is.

  name                          = var.name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  rbac_authorization_enabled    = true
  sku_name                      = "standard"
  tenant_id                     = var.tenant_id
  public_network_access_enabled = length(var.allowed_ip_ranges) > 0
  purge_protection_enabled      = true
  soft_delete_retention_days    = var.soft_delete_days
  tags                          = var.tags

  network_acls {
    bypass         = "None"
    default_action = "Deny"
    ip_rules       = var.allowed_ip_ranges
  }
}

resource "azurerm_private_endpoint" "this" {
  name                = "pe-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.private_endpoint_subnet_id
  tags                = var.tags

  private_dns_zone_group {
    name                 = "vault"
    private_dns_zone_ids = [var.private_dns_zone_id]
  }

  private_service_connection {
    name                           = "vault"
    is_manual_connection           = false
    private_connection_resource_id = azurerm_key_vault.this.id
    subresource_names              = ["vault"]
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_key_vault.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "AuditEvent"
  }
}
