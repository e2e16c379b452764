output "role_definition_ids" {
  description = "The roles' resource ids, by the kind of resource: identity, node_pool, plan, site, subnet."
  value       = { for key, role in azurerm_role_definition.this : key => role.role_definition_resource_id }
}

output "role_definition_guids" {
  description = "The same roles' ids in the form that conditions compare."
  value       = { for key, role in azurerm_role_definition.this : key => role.role_definition_id }
}
