variable "application_insights_id" {
  description = "Application Insights, which keeps what the probes from outside saw."
  type        = string
  nullable    = false
}

variable "emails" {
  description = "Who is woken. Nobody: the alerts are there, and only the portal shows them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", email))])
    error_message = "Give email addresses."
  }
}

variable "front_door_id" {
  description = "The Front Door profile, whose probes see the app."
  type        = string
  nullable    = false
}

variable "health_url" {
  description = "What is asked from outside: 200 while all is well, 503 when the database, the backups or the schedule need somebody."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.health_url, "https://")
    error_message = "Ask by https, so that the certificate is looked at too."
  }
}

variable "location" {
  description = "The Azure region of the probe's definition; it asks from three others."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The name that all resources here carry behind their kind."
  type        = string
  nullable    = false
}

variable "postgres_id" {
  description = "The app's PostgreSQL, whose disk must not fill."
  type        = string
  nullable    = false
}

variable "resource_group_id" {
  description = "The resource group of the alerts."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
