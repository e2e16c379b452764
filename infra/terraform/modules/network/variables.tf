variable "address_space" {
  description = "A private /16, different from that of every network that this one will be peered with."
  type        = string
  default     = "10.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(regex("^(10\\.\\d+|172\\.(1[6-9]|2\\d|3[01])|192\\.168)\\.0\\.0/16$", var.address_space)) && can(cidrhost(var.address_space, 0))
    error_message = "Give a private /16, such as 10.20.0.0/16: it contains the subnets."
  }
}

variable "location" {
  description = "The Azure region."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The part of all names here that follows the kind."
  type        = string
  nullable    = false
}

variable "pod_address_space" {
  description = "The addresses of the cluster's pods, outside of address_space."
  type        = string
  default     = "10.244.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.pod_address_space, 0)) && var.pod_address_space != var.address_space
    error_message = "Give a range such as 10.244.0.0/16 outside of the network's."
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
