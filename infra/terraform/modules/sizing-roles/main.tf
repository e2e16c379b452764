resource "azurerm_role_definition" "this" {
  for_each = local.roles

  name              = "${var.name} sizing ${replace(each.key, "_", " ")}"
  scope             = var.resource_group_id
  assignable_scopes = [var.resource_group_id]
  description       = each.value.description

  permissions {
    actions = each.value.actions
  }
}
