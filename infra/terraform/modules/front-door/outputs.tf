output "guid" {
  description = "The value of X-Azure-FDID in Front Door's requests: the function app admits only this one."
  value       = azurerm_cdn_frontdoor_profile.this.resource_guid
}

output "id" {
  description = "The profile's resource id."
  value       = azurerm_cdn_frontdoor_profile.this.id
}

output "url" {
  description = "The API's address."
  value       = "https://${azurerm_cdn_frontdoor_custom_domain.this.host_name}"
}
