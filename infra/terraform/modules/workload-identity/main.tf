resource "azurerm_user_assigned_identity" "this" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "this" {
  for_each = var.service_accounts

  name                      = replace(each.key, "/", "-")
  user_assigned_identity_id = azurerm_user_assigned_identity.this.id
  audience                  = ["api://AzureADTokenExchange"]
  issuer                    = var.issuer
  subject                   = "system:serviceaccount:${replace(each.key, "/", ":")}"
}

resource "azurerm_role_assignment" "this" {
  for_each = var.roles

  scope                = each.value.scope
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  principal_type       = "ServicePrincipal"
  role_definition_name = each.value.role_definition_name
}
