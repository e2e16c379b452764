variable "allowed_ip_ranges" {
  description = "Addresses from which operators with a role reach backups. Without any, only the private endpoint reaches them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : can(cidrhost(range, 0)) && !endswith(range, "/0") && !endswith(range, "/31")])
    error_message = "Give ranges such as 198.51.100.0/24 or 198.51.100.7/32, and never the whole internet; storage takes no /31."
  }
}

variable "delete_after_days" {
  description = "Days after which the account deletes a blob of the exports container, for blobs that the app did not delete. It must be longer than the app keeps its oldest backup."
  type        = number
  default     = 1500
  nullable    = false

  validation {
    condition     = var.delete_after_days > var.immutable_days
    error_message = "delete_after_days must be more than immutable_days: the deletion of a blob that is still immutable fails."
  }

  validation {
    condition     = var.delete_after_days >= 400
    error_message = "The app keeps backups for years (BACKUP_KEEP): delete nothing before 400 days."
  }
}

variable "immutability_locked" {
  description = "Whether the immutability is locked. Nothing undoes the lock, and the account cannot be deleted while a blob is immutable. Set it when you trust everything else."
  type        = bool
  default     = false
  nullable    = false
}

variable "immutable_days" {
  description = "Days in which an export can be neither changed nor deleted: BACKUP_IMMUTABLE_DAYS of the app."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.immutable_days >= 1 && var.immutable_days <= 365
    error_message = "Exports are immutable for 1 to 365 days."
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

variable "private_dns_zone_id" {
  description = "The zone privatelink.blob.core.windows.net of the network."
  type        = string
  nullable    = false
}

variable "private_endpoint_subnet_id" {
  description = "The subnet of the account's private endpoint, its entry."
  type        = string
  nullable    = false
}

variable "replication_type" {
  description = "The copies: GZRS (three zones and another region), ZRS (three zones), or another kind that the region has."
  type        = string
  default     = "GZRS"
  nullable    = false

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS", "RAGRS", "RAGZRS"], var.replication_type)
    error_message = "Give LRS, ZRS, GRS, GZRS, RAGRS or RAGZRS."
  }
}

variable "resource_group_name" {
  description = "The resource group of the account."
  type        = string
  nullable    = false
}

variable "soft_delete_days" {
  description = "Days in which a deleted blob or container can be restored."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 365
    error_message = "Keep deleted blobs for 7 to 365 days."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "version_delete_after_days" {
  description = "Days after which the account removes the old version of an overwritten or deleted blob."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.version_delete_after_days > var.immutable_days
    error_message = "version_delete_after_days must be more than immutable_days: versions are immutable too."
  }
}

variable "workspace_id" {
  description = "The Log Analytics workspace of the audit log of backups."
  type        = string
  nullable    = false
}
