output "action_group_id" {
  description = "Who is woken, for further alerts."
  value       = azapi_resource.recipients.id
}
