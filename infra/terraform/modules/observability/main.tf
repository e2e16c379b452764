# Neither takes keys: a writer needs an identity. So the connection string of the second is not a secret.
resource "azurerm_log_analytics_workspace" "this" {
  name                         = "log-${var.name}"
  resource_group_name          = var.resource_group_name
  location                     = var.location
  daily_quota_gb               = var.daily_quota_gb
  local_authentication_enabled = false
  retention_in_days            = var.retention_days
  sku                          = "PerGB2018"
  tags                         = var.tags
}

resource "azurerm_application_insights" "this" {
  name                         = "appi-${var.name}"
  resource_group_name          = var.resource_group_name
  location                     = var.location
  application_type             = "other"
  local_authentication_enabled = false
  workspace_id                 = azurerm_log_analytics_workspace.this.id
  tags                         = var.tags
}
