output "id" {
  description = "The vault's resource id: the scope of roles, itself or with /secrets/<name> after it."
  value       = azurerm_key_vault.this.id
}

output "name" {
  description = "The vault's name."
  value       = azurerm_key_vault.this.name
}

output "uri" {
  description = "The address of its secrets, with a slash at the end."
  value       = azurerm_key_vault.this.vault_uri
}
