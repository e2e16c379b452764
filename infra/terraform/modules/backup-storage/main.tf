resource "azurerm_storage_account" "this" {
  # checkov:skip=CKV_AZURE_206: Each environment chooses: GZRS where a region may be lost, ZRS where not.
  # checkov:skip=CKV_AZURE_36: No service of Azure reads it on its own; all access is by the private endpoint.
  # checkov:skip=CKV_AZURE_33: There are no queues in it.
  # checkov:skip=CKV2_AZURE_1: Encrypted with keys of the platform; a key of ours would be one more thing to lose.

  name                            = var.name
  resource_group_name             = var.resource_group_name
  location                        = var.location
  access_tier                     = "Cool"
  account_replication_type        = var.replication_type
  account_tier                    = "Standard"
  allow_nested_items_to_be_public = false
  default_to_oauth_authentication = true
  local_user_enabled              = false
  min_tls_version                 = "TLS1_2"
  public_network_access_enabled   = length(var.allowed_ip_ranges) > 0
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

  network_rules {
    bypass         = ["None"]
    default_action = "Deny"
    # Azure takes a single address without a prefix length.
    ip_rules = [for range in var.allowed_ip_ranges : trimsuffix(range, "/32")]
  }
}

resource "azurerm_storage_container" "this" {
  # checkov:skip=CKV2_AZURE_21: The diagnostic setting below logs every read, which this check does not know.

  for_each = local.containers

  name               = each.value
  storage_account_id = azurerm_storage_account.this.id
}

resource "azurerm_storage_container_immutability_policy" "exports" {
  storage_container_resource_manager_id = azurerm_storage_container.this["exports"].id
  immutability_period_in_days           = var.immutable_days
  locked                                = var.immutability_locked
}

resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "exports"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["${local.containers.exports}/"]
    }

    actions {
      base_blob {
        delete_after_days_since_creation_greater_than = var.delete_after_days
      }

      version {
        delete_after_days_since_creation = var.version_delete_after_days
      }
    }
  }

  rule {
    name    = "versions"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["${local.containers.barman}/", "${local.containers.velero}/"]
    }

    actions {
      version {
        delete_after_days_since_creation = var.version_delete_after_days
      }
    }
  }
}

resource "azurerm_private_endpoint" "this" {
  name                = "pe-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.private_endpoint_subnet_id
  tags                = var.tags

  private_dns_zone_group {
    name                 = "blob"
    private_dns_zone_ids = [var.private_dns_zone_id]
  }

  private_service_connection {
    name                           = "blob"
    is_manual_connection           = false
    private_connection_resource_id = azurerm_storage_account.this.id
    subresource_names              = ["blob"]
  }
}

# The audit log of reads, writes and deletions of backups.
resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  log_analytics_workspace_id = var.workspace_id

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
