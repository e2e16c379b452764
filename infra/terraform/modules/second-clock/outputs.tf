output "id" {
  description = "The Logic App's resource id, for alerts on its runs."
  value       = azapi_resource.this.id
}

output "url" {
  description = "The address that it calls."
  value       = var.url
}
