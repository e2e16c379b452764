output "role_definition_ids" {
  description = "The roles' resource ids by what they are given on: identity, node_pool, plan, site, subnet."
  value       = { for key, role in azurerm_role_definition.this : key => role.role_definition_resource_id }
}

output "role_definition_guids" {
  description = "The same roles' ids as conditions compare them."
  value       = { for key, role in azurerm_role_definition.this : key => role.role_definition_id }
}
