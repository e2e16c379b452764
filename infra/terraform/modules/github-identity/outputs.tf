output "client_id" {
  description = "The identity's client id: AZURE_CLIENT_ID of the pipeline. It is not a secret."
  value       = azurerm_user_assigned_identity.this.client_id
}

output "name" {
  description = "The identity's name, which is also the name of its role in PostgreSQL."
  value       = azurerm_user_assigned_identity.this.name
}

output "principal_id" {
  description = "The identity's object id, for roles and administrators."
  value       = azurerm_user_assigned_identity.this.principal_id
}
