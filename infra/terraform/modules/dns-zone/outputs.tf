output "id" {
  description = "The zone's resource id: the scope of roles for writers of records."
  value       = azurerm_dns_zone.this.id
}

output "name" {
  description = "The zone's domain."
  value       = azurerm_dns_zone.this.name
}

output "name_servers" {
  description = "The name servers that the parent domain must delegate to."
  value       = azurerm_dns_zone.this.name_servers
}
