variable "name" {
  description = "The environment's name, with which the roles' names begin: a role's name is unique in its tenant."
  type        = string
  nullable    = false
}

variable "resource_group_id" {
  description = "The resource group in whose resources the roles can be given, and nowhere else."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+$", var.resource_group_id))
    error_message = "Give a resource group's id: /subscriptions/<id>/resourceGroups/<name>."
  }
}
