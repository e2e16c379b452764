output "application_insights_id" {
  description = "Application Insights: the scope of the role Monitoring Metrics Publisher."
  value       = azurerm_application_insights.this.id
}

output "connection_string" {
  description = "Where the Functions host sends its telemetry. Without a role it lets nobody in, so it is no secret, and plans may show the settings that it is one of."
  value       = nonsensitive(azurerm_application_insights.this.connection_string)
}

output "workspace_id" {
  description = "The Log Analytics workspace, for diagnostic settings."
  value       = azurerm_log_analytics_workspace.this.id
}
