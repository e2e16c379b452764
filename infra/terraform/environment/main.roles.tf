# The app's rights, each on one resource. They exist before the app.
resource "azurerm_role_assignment" "app" {
  for_each = merge(
    {
      exports   = { scope = module.backup_storage.container_ids.exports, role = "Storage Blob Data Contributor" }
      schedules = { scope = module.backup_storage.container_ids.schedules, role = "Storage Blob Data Reader" }
      telemetry = { scope = module.observability.application_insights_id, role = "Monitoring Metrics Publisher" }
    },
    var.backup.copy_container_id == null ? {} : {
      copies = { scope = var.backup.copy_container_id, role = "Storage Blob Data Contributor" }
    },
  )

  scope                = each.value.scope
  principal_id         = azurerm_user_assigned_identity.app.principal_id
  principal_type       = "ServicePrincipal"
  role_definition_name = each.value.role
}

resource "azurerm_role_assignment" "app_secret" {
  for_each = local.app_secrets

  scope                = "${module.vault["app"].id}/secrets/${each.key}"
  principal_id         = azurerm_user_assigned_identity.app.principal_id
  principal_type       = "ServicePrincipal"
  role_definition_name = "Key Vault Secrets User"
}

# The app sizes itself and the pool for apps. A write contains the whole resource, and the Resource Manager checks rights
# on each resource that it names.
resource "azurerm_role_assignment" "sizing" {
  for_each = {
    apps_pool        = { scope = module.aks.apps_pool_id, role = var.sizing_role_definition_ids.node_pool }
    functions_subnet = { scope = module.network.subnets.functions.id, role = var.sizing_role_definition_ids.subnet }
    identity         = { scope = azurerm_user_assigned_identity.app.id, role = var.sizing_role_definition_ids.identity }
    nodes_subnet     = { scope = module.network.subnets.nodes.id, role = var.sizing_role_definition_ids.subnet }
    plan             = { scope = module.function_app.plan_id, role = var.sizing_role_definition_ids.plan }
    site             = { scope = module.function_app.id, role = var.sizing_role_definition_ids.site }
  }

  scope              = each.value.scope
  principal_id       = azurerm_user_assigned_identity.app.principal_id
  principal_type     = "ServicePrincipal"
  role_definition_id = each.value.role
}
