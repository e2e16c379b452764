variable "daily_quota_gb" {
  description = "Gigabytes of logs a day, after which nothing more is taken in until the next: a bound on the bill. -1 for none."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.daily_quota_gb == -1 || var.daily_quota_gb > 0
    error_message = "Give gigabytes, or -1 for no bound."
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

variable "resource_group_name" {
  description = "The resource group of the workspace."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "For so many days logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 730
    error_message = "A workspace keeps logs for 30 to 730 days."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
