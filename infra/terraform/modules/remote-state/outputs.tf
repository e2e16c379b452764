output "container_ids" {
  description = "The containers' resource ids by name: the scopes of roles."
  value       = { for name, container in azurerm_storage_container.this : name => container.id }
}

output "name" {
  description = "The storage account's name, for -backend-config=storage_account_name=…"
  value       = azurerm_storage_account.this.name
}
