variable "application_insights_id" {
  description = "Application Insights, which stores the results of the external probes."
  type        = string
  nullable    = false
}

variable "budget" {
  description = <<-EOT
    What the resource group may cost in a month:

    - amount: in the currency of the subscription's bill
    - start: the first day of the month that the budget begins with, such as 2026-12-01. Azure rejects one that is
      long past when the budget is made
  EOT
  type = object({
    amount = number
    start  = string
  })
  nullable = false

  validation {
    condition     = var.budget.amount > 0 && can(regex("^20\\d\\d-(0[1-9]|1[0-2])-01$", var.budget.start))
    error_message = "Give an amount above 0, and a first day of a month such as 2026-12-01."
  }
}

variable "emails" {
  description = "The recipients of alerts. Without any, only the portal shows alerts."
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
  description = "The address that external probes request. It returns 503 when the database, the backups or the schedule need an operator, else 200."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.health_url, "https://")
    error_message = "Give an https address, so that the probe checks the certificate too."
  }
}

variable "location" {
  description = "The Azure region of the probe's definition; it probes from three others."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The part of all names here that follows the kind."
  type        = string
  nullable    = false
}

variable "postgres_id" {
  description = "The app's PostgreSQL."
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

variable "timer_hours" {
  description = "By timer function, the hours without a success that raise an alert."
  type        = map(number)
  nullable    = false

  validation {
    condition     = alltrue([for hours in values(var.timer_hours) : hours >= 1 && hours <= 48])
    error_message = "Give 1 to 48: a query of logs covers 48 hours at most."
  }
}

variable "webhooks" {
  description = <<-EOT
    By name, further recipients of alerts, which take Azure's common alert schema:

    - uri: an https address. The state has it, so it must not open anything by itself: use entra, or a receiver's address
      that only takes alerts
    - entra: the application in Entra that Azure gets a token for: its identifier_uri, the object_id of its service
      principal, and its tenant_id

    Slack and Teams do not take this schema: the app itself sends them messages (NOTIFY_URL in docs/settings.md).
  EOT
  type = map(object({
    uri = string
    entra = optional(object({
      identifier_uri = string
      object_id      = string
      tenant_id      = string
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for webhook in values(var.webhooks) : startswith(webhook.uri, "https://")])
    error_message = "Give https addresses."
  }
}

variable "workspace_id" {
  description = "The Log Analytics workspace that the alerts on logs query."
  type        = string
  nullable    = false
}
