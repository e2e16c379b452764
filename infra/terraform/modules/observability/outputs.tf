output "application_insights_id" {
  description = "Application Insights: the scope of the role Monitoring Metrics Publisher."
  value       = azurerm_application_insights.this.id
}

output "connection_string" {
  description = "The connection string for the Functions host's telemetry. A caller needs a role too, so it is not a secret, and plans may show it."
  value       = nonsensitive(azurerm_application_insights.this.connection_string)
}

output "workspace_id" {
  description = "The Log Analytics workspace, for diagnostic settings."
  value       = azurerm_log_analytics_workspace.this.id
}
