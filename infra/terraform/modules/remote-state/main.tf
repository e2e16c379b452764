# Open to all networks, because the pipeline's runners have no fixed address and the account exists before the first
# network. Entra alone decides on access.
resource "azurerm_storage_account" "this" {
  # checkov:skip=CKV_AZURE_59: The pipeline's runners have no fixed address; Entra decides on access.
  # checkov:skip=CKV2_AZURE_33: It exists before any network.
  # checkov:skip=CKV_AZURE_33: There are no queues in it.
  # checkov:skip=CKV2_AZURE_1: Encrypted with keys of the platform; a key of ours would be one more thing to lose.

  name                            = var.name
  resource_group_name             = var.resource_group_name
  location                        = var.location
  account_tier                    = "Standard"
  account_replication_type        = "GZRS"
  allow_nested_items_to_be_public = false
  default_to_oauth_authentication = true
  local_user_enabled              = false
  min_tls_version                 = "TLS1_2"
  public_network_access_enabled   = true
  shared_access_key_enabled       = false
  tags                            = var.tags

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = var.soft_delete_days
    }

    container_delete_retention_policy {
      days = var.soft_delete_days
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "this" {
  # checkov:skip=CKV2_AZURE_21: It exists before any workspace; its versions show each writer.

  for_each = var.containers

  name               = each.key
  storage_account_id = azurerm_storage_account.this.id

  lifecycle {
    prevent_destroy = true
  }
}

# A state contains every address and id of its environment.
resource "azurerm_log_analytics_workspace" "this" {
  name                         = "log-${var.name}"
  resource_group_name          = var.resource_group_name
  location                     = var.location
  local_authentication_enabled = false
  retention_in_days            = 90
  sku                          = "PerGB2018"
  tags                         = var.tags
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  enabled_log {
    category = "StorageRead"
  }

  enabled_log {
    category = "StorageWrite"
  }

  enabled_log {
    category = "StorageDelete"
  }
}
