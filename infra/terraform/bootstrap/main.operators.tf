# An owner may create all of this and read none of its contents, so operators need these roles.
resource "azurerm_role_assignment" "operators" {
  for_each = {
    for pair in setproduct(keys(local.names), [
      "Azure Kubernetes Service Cluster User Role",
      "Azure Kubernetes Service RBAC Cluster Admin",
      "Key Vault Secrets Officer",
      "Reader",
      "Storage Blob Data Contributor",
    ]) : join(" ", pair) => { environment = pair[0], role = pair[1] }
  }

  scope                = azurerm_resource_group.environment[each.value.environment].id
  principal_id         = var.operators.object_id
  principal_type       = "Group"
  role_definition_name = each.value.role
}
