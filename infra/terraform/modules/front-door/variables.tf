variable "dns_zone" {
  description = "The public zone of the custom domain: its id, name and resource group."
  type = object({
    id                  = string
    name                = string
    resource_group_name = string
  })
  nullable = false
}

variable "host_label" {
  description = "The first label of the custom domain: api for api.numbers.example.org."
  type        = string
  default     = "api"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.host_label))
    error_message = "Give one label in lower case, such as api."
  }
}

variable "metrics_ip_ranges" {
  description = "Further addresses that reach /metrics, such as Prometheus'."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.metrics_ip_ranges : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Give ranges such as 198.51.100.0/24, and never the whole internet."
  }
}

variable "name" {
  description = "The part of all names here that follows the kind."
  type        = string
  nullable    = false
}

variable "operator_ip_ranges" {
  description = "Addresses that reach the page /ops, /metrics, and the Functions host's own paths. Without any, no caller does."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.operator_ip_ranges : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Give ranges such as 198.51.100.0/24, and never the whole internet."
  }
}

variable "origin_host" {
  description = "The function app's host name, which Front Door sends requests to."
  type        = string
  nullable    = false
}

variable "probe_interval_seconds" {
  description = "Seconds between two probes of one of Front Door's places. Each of the many places probes on its own, so a short interval causes many requests."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.probe_interval_seconds >= 5 && var.probe_interval_seconds <= 255
    error_message = "Probe every 5 to 255 seconds."
  }
}

variable "rate_limit_per_minute" {
  description = "Requests of one client address in a minute; further ones are rejected until the next minute."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.rate_limit_per_minute >= 10
    error_message = "Give at least 10 requests a minute."
  }
}

variable "resource_group_name" {
  description = "The resource group of the profile."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "workspace_id" {
  description = "The Log Analytics workspace of rejected requests and results of probes."
  type        = string
  nullable    = false
}
