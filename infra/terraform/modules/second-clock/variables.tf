variable "function_app_id" {
  description = "The app with the function run_due."
  type        = string
  nullable    = false
}

variable "location" {
  description = "The Azure region."
  type        = string
  nullable    = false
}

variable "minutes" {
  description = "Minutes between two calls. A slot counts as missed two minutes after it was due."
  type        = number
  default     = 15
  nullable    = false

  validation {
    condition     = var.minutes >= 5 && var.minutes <= 1440 && floor(var.minutes) == var.minutes
    error_message = "Give 5 to 1440 whole minutes."
  }
}

variable "name" {
  description = "The part of all names here that follows the kind."
  type        = string
  nullable    = false
}

variable "resource_group" {
  description = "The resource group of the Logic App."
  type = object({
    id   = string
    name = string
  })
  nullable = false
}

variable "resource_manager" {
  description = "Resource Manager's address, in other clouds than the public one."
  type        = string
  default     = "https://management.azure.com"
  nullable    = false
}

variable "role_definition_id" {
  description = "The role to read the keys of the app's functions."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "url" {
  description = "The address of the function run_due at Front Door."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.url, "https://")
    error_message = "Give an https address: the request has a key."
  }
}
