locals {
  name = "func-${var.name}"
  # Not taken from the app, because the app has it among its settings.
  id = "${var.resource_group.id}/providers/Microsoft.Web/sites/${local.name}"

  # Azure stores this part of the id in lower case, azurerm returns it in mixed case, and azapi compares case. A pattern
  # with slashes would be a regular expression.
  plan_id = replace(azurerm_service_plan.this.id, "serverFarms", "serverfarms")

  # Each timer function scales on its own instances.
  always_ready = concat(
    [{ name = "http", instanceCount = var.always_ready_instances }],
    [for name in sort(var.always_ready_timers) : { name = "function:${name}", instanceCount = 1 }],
  )

  # Both together: the tag alone admits every Front Door of Azure.
  front_door = {
    name        = "front-door"
    description = "Only our Front Door"
    action      = "Allow"
    priority    = 100
    tag         = "ServiceTag"
    ipAddress   = "AzureFrontDoor.Backend"
    headers     = { x-azure-fdid = [var.front_door_guid] }
  }

  deployers = [
    for index, range in sort(var.deployer_ip_ranges) : {
      name      = "deployer-${index}"
      action    = "Allow"
      priority  = 100 + index
      ipAddress = range
    }
  ]
}
