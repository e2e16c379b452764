output "host" {
  description = "The app's host name, where the app admits only Front Door."
  value       = azapi_resource.site.output.properties.defaultHostName
}

output "id" {
  description = "The app's resource id: the target web of the schedule, and the scope of the app's role for it."
  value       = azapi_resource.site.id
}

output "name" {
  description = "The app's name, for deployments."
  value       = azapi_resource.site.name
}

output "plan_id" {
  description = "The plan's resource id, which a write of the app contains."
  value       = azurerm_service_plan.this.id
}

output "settings" {
  description = "All app settings by name. Secrets are references to the vault."
  value       = local.settings
}
