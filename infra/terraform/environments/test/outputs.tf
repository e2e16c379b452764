output "api_url" {
  description = "Where the API is reached."
  value       = module.platform.api_url
}

output "app_identity_name" {
  description = "The app's identity: the name of its role in PostgreSQL."
  value       = module.platform.app_identity_name
}

output "app_vault_name" {
  description = "Where the app's secrets are written."
  value       = module.platform.app_vault_name
}

output "database_host" {
  description = "The app's PostgreSQL, for who administers it."
  value       = module.platform.database_host
}

output "function_app_id" {
  description = "The function app's resource id, by which cargo xtask deploy finds it."
  value       = module.platform.function_app_id
}

output "function_app_name" {
  description = "The function app, for deployments."
  value       = module.platform.function_app_name
}

output "helmfile" {
  description = "What Helmfile takes: terraform output -json helmfile > infra/helmfile/environments/test/azure.json"
  value       = module.platform.helmfile
}
