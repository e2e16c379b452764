variable "daily_quota_gb" {
  description = "Gigabytes of logs a day, which limit the bill: the workspace rejects more until the next day. -1 for no limit."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.daily_quota_gb == -1 || var.daily_quota_gb > 0
    error_message = "Give gigabytes, or -1 for no limit."
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

variable "resource_group_name" {
  description = "The resource group of the workspace."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that the workspace keeps logs."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 730
    error_message = "Give 30 to 730 days."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
