variable "name" {
  description = "The environment's name, the beginning of the roles' names: a role's name is unique in its tenant."
  type        = string
  nullable    = false
}

variable "resource_group_id" {
  description = "The resource group in which the roles can be assigned."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+$", var.resource_group_id))
    error_message = "Give a resource group's id: /subscriptions/<id>/resourceGroups/<name>."
  }
}
