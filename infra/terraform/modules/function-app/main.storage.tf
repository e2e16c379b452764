# The host stores its keys, its timers' locks and the deployed package here.
resource "azurerm_storage_account" "this" {
  # checkov:skip=CKV_AZURE_206: Three zones; what is in it can be deployed again.
  # checkov:skip=CKV_AZURE_33: There are no queues in it.
  # checkov:skip=CKV2_AZURE_1: Encrypted with keys of the platform; a key of ours would be one more thing to lose.

  name                            = var.package_storage_name
  resource_group_name             = var.resource_group.name
  location                        = var.location
  account_replication_type        = "ZRS"
  account_tier                    = "Standard"
  allow_nested_items_to_be_public = false
  default_to_oauth_authentication = true
  local_user_enabled              = false
  min_tls_version                 = "TLS1_2"
  public_network_access_enabled   = false
  shared_access_key_enabled       = false
  tags                            = var.tags

  blob_properties {
    delete_retention_policy {
      days = 7
    }

    container_delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_storage_container" "packages" {
  # checkov:skip=CKV2_AZURE_21: It holds the package, which its sources build again.

  name               = "packages"
  storage_account_id = azurerm_storage_account.this.id
}

resource "azurerm_private_endpoint" "this" {
  name                = "pe-${var.package_storage_name}"
  resource_group_name = var.resource_group.name
  location            = var.location
  subnet_id           = var.subnets.private_endpoints
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

# Owner, because the host also sets the properties of the containers that it makes.
resource "azurerm_role_assignment" "host" {
  scope                = azurerm_storage_account.this.id
  principal_id         = var.identity.principal_id
  principal_type       = "ServicePrincipal"
  role_definition_name = "Storage Blob Data Owner"
}
