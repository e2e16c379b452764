variable "name" {
  description = "The zone's domain, such as numbers.example.org. Its parent's registrar or zone must delegate it to the output name_servers."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.name))
    error_message = "Give a domain of at least two labels in lower case, without a dot at its end, such as numbers.example.org."
  }
}

variable "resource_group_name" {
  description = "The resource group of the zone. external-dns lists the zones of this group, so keep nothing else in it."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the zone."
  type        = map(string)
  default     = {}
  nullable    = false
}
