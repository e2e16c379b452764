output "pod_address_space" {
  description = "The addresses of the cluster's pods."
  value       = var.pod_address_space
}

output "private_dns_zone_ids" {
  description = "The private zones: blob, postgres, vault. They are linked to the network before a resource can use them."
  value       = { for key, zone in azurerm_private_dns_zone.this : key => zone.id }
  depends_on  = [azurerm_private_dns_zone_virtual_network_link.this]
}

output "subnets" {
  description = "The subnets: functions, internal, nodes, postgres, private_endpoints. Their security groups apply before a resource can use them."
  value = {
    functions         = { id = azurerm_subnet.functions.id, name = azurerm_subnet.functions.name, prefix = local.prefixes.functions }
    internal          = { id = azurerm_subnet.internal.id, name = azurerm_subnet.internal.name, prefix = local.prefixes.internal }
    nodes             = { id = azurerm_subnet.nodes.id, name = azurerm_subnet.nodes.name, prefix = local.prefixes.nodes }
    postgres          = { id = azurerm_subnet.postgres.id, name = azurerm_subnet.postgres.name, prefix = local.prefixes.postgres }
    private_endpoints = { id = azurerm_subnet.private_endpoints.id, name = azurerm_subnet.private_endpoints.name, prefix = local.prefixes.private_endpoints }
  }
  depends_on = [azurerm_subnet_network_security_group_association.this]
}
