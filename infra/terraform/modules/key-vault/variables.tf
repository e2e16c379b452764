variable "allowed_ip_ranges" {
  description = "Addresses from which operators may write secrets. Without any, only the private endpoint reaches the vault."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Give ranges such as 198.51.100.0/24, and never the whole internet."
  }
}

variable "location" {
  description = "The Azure region."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The vault's name, unique in all of Azure, and reserved for soft_delete_days after a deletion."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9]){2,23}$", var.name)) && length(var.name) <= 24
    error_message = "A vault's name has 3 to 24 letters, digits and single hyphens, and begins with a letter."
  }
}

variable "private_dns_zone_id" {
  description = "The zone privatelink.vaultcore.azure.net of the network."
  type        = string
  nullable    = false
}

variable "private_endpoint_subnet_id" {
  description = "The subnet of the vault's private endpoint."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "The resource group of the vault."
  type        = string
  nullable    = false
}

variable "soft_delete_days" {
  description = "Days in which a deleted secret, or the deleted vault, can be restored and not purged."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 90
    error_message = "Give 7 to 90 days."
  }
}

variable "tags" {
  description = "Tags of the vault."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "tenant_id" {
  description = "The Entra tenant of identities that may get roles."
  type        = string
  nullable    = false
}

variable "workspace_id" {
  description = "The Log Analytics workspace of the audit log of secrets."
  type        = string
  nullable    = false
}
