output "client_id" {
  description = "The identity's client id: the annotation azure.workload.identity/client-id of the service account."
  value       = azurerm_user_assigned_identity.this.client_id
}

output "principal_id" {
  description = "The identity's object id, for further roles."
  value       = azurerm_user_assigned_identity.this.principal_id
}

output "subjects" {
  description = "The subjects of accepted tokens: system:serviceaccount:<namespace>:<name>."
  value       = toset([for credential in azurerm_federated_identity_credential.this : credential.subject])
}
