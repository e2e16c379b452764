resource "azurerm_service_plan" "this" {
  # checkov:skip=CKV_AZURE_212: Flex Consumption counts no workers; two instances are always ready.
  # checkov:skip=CKV_AZURE_225: The schedule goes down to one instance at night, which a zone-redundant plan rejects.

  name                = "plan-${var.name}"
  resource_group_name = var.resource_group.name
  location            = var.location
  os_type             = "Linux"
  sku_name            = "FC1"
  tags                = var.tags
}

# azurerm's own resource for this plan always writes an AzureWebJobsStorage with an account key, also
# with an identity (hashicorp/terraform-provider-azurerm#29693).
resource "azapi_resource" "site" {
  type      = "Microsoft.Web/sites@2025-03-01"
  name      = local.name
  parent_id = var.resource_group.id
  location  = var.location
  body = {
    kind = "functionapp,linux"
    properties = {
      clientAffinityEnabled     = false
      httpsOnly                 = true
      keyVaultReferenceIdentity = var.identity.id
      serverFarmId              = local.plan_id
      virtualNetworkSubnetId    = var.subnets.functions
      functionAppConfig = {
        deployment = {
          storage = {
            type  = "blobContainer"
            value = "${azurerm_storage_account.this.primary_blob_endpoint}${azurerm_storage_container.packages.name}"
            authentication = {
              type                           = "UserAssignedIdentity"
              userAssignedIdentityResourceId = var.identity.id
            }
          }
        }
        runtime = {
          name    = "custom"
          version = var.runtime_version
        }
        siteUpdateStrategy = {
          type = var.update_strategy
        }
        scaleAndConcurrency = {
          alwaysReady          = local.always_ready
          instanceMemoryMB     = var.memory_mb
          maximumInstanceCount = var.maximum_instances
        }
      }
      siteConfig = {
        appSettings                            = [for name in sort(keys(local.settings)) : { name = name, value = local.settings[name] }]
        http20Enabled                          = true
        ipSecurityRestrictions                 = [local.front_door]
        ipSecurityRestrictionsDefaultAction    = "Deny"
        minTlsVersion                          = "1.2"
        scmIpSecurityRestrictions              = local.deployers
        scmIpSecurityRestrictionsDefaultAction = "Deny"
        scmIpSecurityRestrictionsUseMain       = false
        scmMinTlsVersion                       = "1.2"
      }
    }
  }
  response_export_values = ["properties.defaultHostName"]
  # `azd deploy` finds the app by it: azure.yaml.
  tags = merge(var.tags, { azd-service-name = "api" })

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }

  lifecycle {
    # The app's schedule sets the number of always-ready instances of `http`, and Azure has one list for all groups. So
    # a new timer reaches an existing app by `az functionapp scale config always-ready set` only.
    ignore_changes = [body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady]
  }

  depends_on = [
    azurerm_private_endpoint.this,
    azurerm_role_assignment.host,
  ]
}

# The deployment site admits identities of Entra only, and no user with a password.
resource "azapi_update_resource" "basic_authentication" {
  for_each = toset(["ftp", "scm"])

  type      = "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01"
  name      = each.key
  parent_id = azapi_resource.site.id
  body = {
    properties = {
      allow = false
    }
  }
}
