variable "address_space" {
  description = "A private /16 that no other network it will ever be joined with uses."
  type        = string
  default     = "10.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(regex("^(10\\.\\d+|172\\.(1[6-9]|2\\d|3[01])|192\\.168)\\.0\\.0/16$", var.address_space)) && can(cidrhost(var.address_space, 0))
    error_message = "Give a private /16, such as 10.20.0.0/16: the subnets are cut out of it."
  }
}

variable "location" {
  description = "The Azure region."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The name that all resources here carry behind their kind."
  type        = string
  nullable    = false
}

variable "pod_address_space" {
  description = "The addresses of the cluster's pods, which lie outside of address_space."
  type        = string
  default     = "10.244.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.pod_address_space, 0)) && var.pod_address_space != var.address_space
    error_message = "Give a range such as 10.244.0.0/16 that is not the network's."
  }
}

variable "resource_group_name" {
  description = "The resource group of the network."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
