output "container_ids" {
  description = "The containers' resource ids by what they hold: exports, barman, velero, schedules. They are the scopes of roles."
  value       = { for key, container in azurerm_storage_container.this : key => container.id }
}

output "container_names" {
  description = "The containers' names by what they hold: exports, barman, velero, schedules."
  value       = local.containers
}

output "id" {
  description = "The account's resource id."
  value       = azurerm_storage_account.this.id
}

output "immutable_days" {
  description = "BACKUP_IMMUTABLE_DAYS of the app."
  value       = var.immutable_days
}

output "name" {
  description = "The account's name: BACKUP_STORAGE_ACCOUNT of the app."
  value       = azurerm_storage_account.this.name
}
