variable "administrator" {
  description = <<-EOT
    The Entra group or identity that administers the server: people and the pipeline, never the app, whose
    role it makes.

    - object_id, name: as Entra has them
    - type: Group, ServicePrincipal or User
  EOT
  type = object({
    object_id = string
    name      = string
    type      = optional(string, "Group")
  })
  nullable = false

  validation {
    condition     = contains(["Group", "ServicePrincipal", "User"], var.administrator.type)
    error_message = "The administrator's type is Group, ServicePrincipal or User."
  }
}

variable "backup_retention_days" {
  description = "Days from which Azure can restore the server, to any moment."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 35
    error_message = "Give 7 to 35 days."
  }
}

variable "database" {
  description = "The database of the app."
  type        = string
  default     = "items"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database))
    error_message = "Name the database by lower-case letters, digits and underscores."
  }
}

variable "delegated_subnet_id" {
  description = "The subnet of the server, delegated to it. A change replaces the server."
  type        = string
  nullable    = false
}

variable "geo_redundant_backup" {
  description = "Whether backups are also in the paired region. It cannot be changed later."
  type        = bool
  default     = false
  nullable    = false
}

variable "high_availability" {
  description = "Whether a standby runs in another zone. Doubles the price; not for burstable sizes."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !(var.high_availability && startswith(var.sku_name, "B_"))
    error_message = "A burstable server has no standby; give a size that begins with GP_ or MO_."
  }
}

variable "location" {
  description = "The Azure region."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The server's name, unique in all of Azure."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$", var.name))
    error_message = "A server's name has 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "postgres_version" {
  description = "The major version."
  type        = string
  default     = "18"
  nullable    = false

  validation {
    condition     = contains(["14", "15", "16", "17", "18"], var.postgres_version)
    error_message = "Give 14 to 18, the versions that the app supports."
  }
}

variable "private_dns_zone_id" {
  description = "The zone of the server, linked to the network."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "The resource group of the server."
  type        = string
  nullable    = false
}

variable "sku_name" {
  description = "The server's size, such as B_Standard_B1ms or GP_Standard_D2ds_v5."
  type        = string
  default     = "B_Standard_B1ms"
  nullable    = false

  validation {
    condition     = can(regex("^(B|GP|MO)_Standard_", var.sku_name))
    error_message = "A size begins with its tier: B_, GP_ or MO_."
  }
}

variable "storage_mb" {
  description = "The first size of the disk, in MiB. It grows automatically and never shrinks; a later change here has no effect."
  type        = number
  default     = 32768
  nullable    = false

  validation {
    condition     = contains([for power in range(15, 25) : pow(2, power)], var.storage_mb)
    error_message = "Give 32768 MiB or a doubling of it, up to 16777216."
  }
}

variable "tags" {
  description = "Tags of the server."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "tenant_id" {
  description = "The Entra tenant of the server's users."
  type        = string
  nullable    = false
}

variable "workspace_id" {
  description = "The Log Analytics workspace of the server's log."
  type        = string
  nullable    = false
}
