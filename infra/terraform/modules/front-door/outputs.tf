output "guid" {
  description = "What Front Door puts into X-Azure-FDID of each request: the function app lets only this one in."
  value       = azurerm_cdn_frontdoor_profile.this.resource_guid
}

output "id" {
  description = "The profile's resource id."
  value       = azurerm_cdn_frontdoor_profile.this.id
}

output "url" {
  description = "Where the API is reached."
  value       = "https://${azurerm_cdn_frontdoor_custom_domain.this.host_name}"
}
