output "apps_pool_id" {
  description = "The resource id of the apps pool, which the schedule sizes: the scope of the app's role for it."
  value       = azurerm_kubernetes_cluster_node_pool.apps.id
}

output "id" {
  description = "The cluster's resource id."
  value       = azurerm_kubernetes_cluster.this.id
}

output "name" {
  description = "The cluster's name."
  value       = azurerm_kubernetes_cluster.this.name
}

output "oidc_issuer_url" {
  description = "The issuer of the tokens of the cluster's service accounts."
  value       = azurerm_kubernetes_cluster.this.oidc_issuer_url
}
