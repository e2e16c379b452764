resource "azurerm_user_assigned_identity" "this" {
  name                = "id-${var.name}-second-clock"
  resource_group_name = var.resource_group.name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_role_assignment" "keys" {
  scope              = var.function_app_id
  principal_id       = azurerm_user_assigned_identity.this.principal_id
  principal_type     = "ServicePrincipal"
  role_definition_id = var.role_definition_id
}

resource "azapi_resource" "this" {
  type      = "Microsoft.Logic/workflows@2019-05-01"
  name      = "logic-${var.name}-second-clock"
  parent_id = var.resource_group.id
  location  = var.location
  body = {
    properties = {
      state = "Enabled"
      definition = {
        "$schema"      = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
        contentVersion = "1.0.0.0"
        triggers = {
          clock = {
            type       = "Recurrence"
            recurrence = { frequency = "Minute", interval = var.minutes }
          }
        }
        actions = {
          key = {
            type     = "Http"
            runAfter = {}
            inputs = {
              method = "POST"
              uri    = "${var.resource_manager}${var.function_app_id}/functions/run_due/listkeys?api-version=2025-03-01"
              authentication = {
                type     = "ManagedServiceIdentity"
                identity = azurerm_user_assigned_identity.this.id
                audience = var.resource_manager
              }
            }
            runtimeConfiguration = { secureData = { properties = ["inputs", "outputs"] } }
          }
          run_due = {
            type     = "Http"
            runAfter = { key = ["Succeeded"] }
            inputs = {
              method      = "POST"
              uri         = var.url
              headers     = { x-functions-key = "@{body('key')?['default']}" }
              retryPolicy = { type = "none" }
            }
            # 202 means that a run continues: there is no address to poll.
            operationOptions     = "DisableAsyncPattern"
            runtimeConfiguration = { secureData = { properties = ["inputs"] } }
          }
        }
      }
    }
  }
  tags = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  depends_on = [azurerm_role_assignment.keys]
}
