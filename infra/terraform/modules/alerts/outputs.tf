output "action_group_id" {
  description = "The action group, for further alerts."
  value       = azapi_resource.recipients.id
}
