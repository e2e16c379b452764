output "database" {
  description = "The database of the app."
  value       = azurerm_postgresql_flexible_server_database.this.name
}

output "host" {
  description = "The server's name in the network."
  value       = azurerm_postgresql_flexible_server.this.fqdn
}

output "id" {
  description = "The server's resource id."
  value       = azurerm_postgresql_flexible_server.this.id
}
