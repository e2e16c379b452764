variable "containers" {
  description = "One container for each state, so that each identity reaches only its own."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.containers) > 0 && alltrue([for name in var.containers : can(regex("^[a-z0-9](-?[a-z0-9]){2,62}$", name))])
    error_message = "Give at least one container; a name has 3 to 63 lower-case letters, digits and single hyphens."
  }
}

variable "location" {
  description = "The Azure region."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The storage account's name, unique in all of Azure."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.name))
    error_message = "A storage account's name has 3 to 24 lower-case letters and digits."
  }
}

variable "resource_group_name" {
  description = "The resource group of the account."
  type        = string
  nullable    = false
}

variable "soft_delete_days" {
  description = "Days in which a deleted or overwritten state can be restored."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 365
    error_message = "Keep deleted states for 7 to 365 days."
  }
}

variable "tags" {
  description = "Tags of the account."
  type        = map(string)
  default     = {}
  nullable    = false
}
