variable "application_insights_id" {
  description = "Application Insights, which keeps what the probes from outside saw."
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

variable "timer_hours" {
  description = "By timer function, the hours without a success after which its silence is an alert."
  type        = map(number)
  nullable    = false

  validation {
    condition     = alltrue([for hours in values(var.timer_hours) : hours >= 1 && hours <= 48])
    error_message = "A query of logs looks back 48 hours at most; give 1 to 48."
  }
}

variable "workspace_id" {
  description = "The Log Analytics workspace that the alerts on logs query."
  type        = string
  nullable    = false
}
