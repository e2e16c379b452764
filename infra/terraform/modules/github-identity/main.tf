resource "azurerm_user_assigned_identity" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "this" {
  for_each = merge(local.github_credentials, var.other_credentials)

  name                      = each.key
  user_assigned_identity_id = azurerm_user_assigned_identity.this.id
  audience                  = ["api://AzureADTokenExchange"]
  issuer                    = each.value.issuer
  subject                   = each.value.subject
}

resource "azurerm_role_assignment" "this" {
  for_each = var.roles

  scope                = each.value.scope
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  condition            = each.value.condition
  condition_version    = each.value.condition == null ? null : "2.0"
  principal_type       = "ServicePrincipal"
  role_definition_id   = each.value.role_definition_id
  role_definition_name = each.value.role_definition_name
}
