variable "api_server_ip_ranges" {
  description = "Addresses that reach the cluster's API: the operators', and the pipeline's outbound addresses. Azure reads an empty list as the whole internet."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.api_server_ip_ranges) > 0 && alltrue([for range in var.api_server_ip_ranges : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Give at least one range such as 198.51.100.0/24, and never the whole internet: without a range, Azure admits every address."
  }
}

variable "apps_pool" {
  description = <<-EOT
    The nodes of Postfacto and of everything that holds no data:

    - node_count: the first number; afterwards the schedule sets it
    - vm_size: the machines' size
  EOT
  type = object({
    node_count = optional(number, 2)
    vm_size    = optional(string, "Standard_D2s_v5")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.apps_pool.node_count >= 1 && var.apps_pool.node_count <= 20
    error_message = "Give 1 to 20 nodes."
  }
}

variable "data_pool" {
  description = <<-EOT
    The tainted nodes of databases and caches. The autoscaler is on, within:

    - min_count, max_count: at least two, because two databases of one cluster never share a node
    - vm_size: the machines' size
  EOT
  type = object({
    min_count = optional(number, 2)
    max_count = optional(number, 3)
    vm_size   = optional(string, "Standard_D2s_v5")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.data_pool.min_count >= 2 && var.data_pool.max_count >= var.data_pool.min_count
    error_message = "Give min_count of at least 2 and max_count of at least that."
  }
}

variable "kubernetes_version" {
  description = "The minor version, such as 1.35. Azure installs patches; the next minor version is a change here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1\\.\\d+$", var.kubernetes_version))
    error_message = "Give a minor version without its patch, such as 1.35."
  }
}

variable "location" {
  description = "The Azure region."
  type        = string
  nullable    = false
}

variable "maintenance" {
  description = "When upgrades may begin, for four hours: the day of the week, and the time in UTC."
  type = object({
    day_of_week = optional(string, "Sunday")
    start_time  = optional(string, "03:00")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], var.maintenance.day_of_week) && can(regex("^([01]\\d|2[0-3]):[0-5]\\d$", var.maintenance.start_time))
    error_message = "Give a day such as Sunday and a time such as 03:00."
  }
}

variable "name" {
  description = "The environment's name; the cluster is aks-<name>."
  type        = string
  nullable    = false
}

variable "pod_address_space" {
  description = "The pods' addresses, which the network's security group admits."
  type        = string
  nullable    = false
}

variable "resource_group_id" {
  description = "The id of the cluster's resource group."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "The resource group of the cluster. Azure puts the nodes into a group of its own."
  type        = string
  nullable    = false
}

variable "sku_tier" {
  description = "Free, or Standard, whose API server has a service level and costs by the hour."
  type        = string
  default     = "Free"
  nullable    = false

  validation {
    condition     = contains(["Free", "Standard"], var.sku_tier)
    error_message = "Give Free or Standard."
  }
}

variable "subnets" {
  description = "The ids of two subnets: of the nodes, and of the internal load balancer's addresses."
  type = object({
    nodes    = string
    internal = string
  })
  nullable = false
}

variable "system_pool" {
  description = "The nodes of Kubernetes' own parts only; the autoscaler is on."
  type = object({
    min_count = optional(number, 1)
    max_count = optional(number, 3)
    vm_size   = optional(string, "Standard_D2s_v5")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.system_pool.min_count >= 1 && var.system_pool.max_count >= var.system_pool.min_count
    error_message = "Give min_count of at least 1 and max_count of at least that."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "tenant_id" {
  description = "The Entra tenant of the cluster's users."
  type        = string
  nullable    = false
}

variable "workspace_id" {
  description = "The Log Analytics workspace of the containers' logs and the cluster's audit log."
  type        = string
  nullable    = false
}

variable "zones" {
  description = "The zones that the nodes of each pool are spread over, as the charts spread pods. Empty for a region without zones. A change recreates the pools."
  type        = set(string)
  default     = ["1", "2", "3"]
  nullable    = false

  validation {
    condition     = alltrue([for zone in var.zones : contains(["1", "2", "3"], zone)])
    error_message = "Azure numbers a region's zones 1, 2 and 3."
  }
}
