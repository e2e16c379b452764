output "id" {
  description = "The zone's resource id: the scope of roles for those who write records."
  value       = azurerm_dns_zone.this.id
}

output "name" {
  description = "The zone's domain."
  value       = azurerm_dns_zone.this.name
}

output "name_servers" {
  description = "What the parent domain must delegate to."
  value       = azurerm_dns_zone.this.name_servers
}
