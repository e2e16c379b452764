variable "always_ready_instances" {
  description = "The first number of instances that wait for HTTP requests; afterwards the schedule sets it. The web farm of two nodes."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.always_ready_instances >= 2
    error_message = "Give at least 2: with one instance, a restart is an outage."
  }

  validation {
    condition     = var.always_ready_instances + length(var.always_ready_timers) <= var.maximum_instances
    error_message = "The always-ready instances, with those of timers, exceed maximum_instances."
  }
}

variable "always_ready_timers" {
  description = "Timer functions with an always-ready instance. Without one, timers on Flex Consumption have stopped after deployments (azure-functions-host#11828, #11942, #12007). Each instance costs by the second."
  type        = set(string)
  default     = ["item_housekeeping", "postfacto_backup", "postfacto_restore_drill", "scale"]
  nullable    = false

  validation {
    condition     = alltrue([for name in var.always_ready_timers : can(regex("^[a-z][a-z0-9_]*$", name))])
    error_message = "Give names of functions in lower case: Azure changes them to lower case."
  }
}

variable "application_insights_connection_string" {
  description = "The connection string for the host's telemetry, which it sends as the app's identity."
  type        = string
  nullable    = false
}

variable "backup" {
  description = <<-EOT
    Backups of Postfacto's databases (docs/backups.md). Where a default is null, the app's own holds.

    - databases: names of the databases to back up. The address of each is the secret backup-database-url-<name> of
      the vault; write it there before the name here
    - storage_account, container: the place of backups
    - schedule, drill_schedule: NCRONTAB, UTC
    - immutable_days: days in which the container rejects deletions
    - recipients: age public keys that backups are encrypted to
    - drill_identity: whether the drill decrypts backups with the vault's secret drill-identity
    - copy_url, copy_storage_account, copy_keep: a second location; the app's identity needs its role there too
    - keep, jobs, compression, storage_wait_seconds, warn_after_hours, fail_after_hours, drill_after,
      drill_warn_after_hours, drill_fail_after_hours: docs/settings.md
  EOT
  type = object({
    storage_account        = string
    container              = string
    databases              = optional(set(string), [])
    compression            = optional(string)
    copy_keep              = optional(string)
    copy_storage_account   = optional(string)
    copy_url               = optional(string)
    drill_after            = optional(string)
    drill_fail_after_hours = optional(number)
    drill_identity         = optional(bool, false)
    drill_schedule         = optional(string, "0 0 4 * * 0")
    drill_warn_after_hours = optional(number)
    fail_after_hours       = optional(number)
    immutable_days         = optional(number, 0)
    jobs                   = optional(number)
    keep                   = optional(string)
    recipients             = optional(list(string), [])
    schedule               = optional(string, "0 0 2 * * *")
    storage_wait_seconds   = optional(number)
    warn_after_hours       = optional(number)
  })
  nullable = false

  validation {
    condition     = alltrue([for name in var.backup.databases : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", name))])
    error_message = "A database's name has lower-case letters, digits and dashes."
  }

  validation {
    condition     = alltrue([for schedule in [var.backup.schedule, var.backup.drill_schedule] : length(split(" ", schedule)) == 6])
    error_message = "An NCRONTAB schedule has six fields, the first of which are seconds: 0 0 2 * * *."
  }

  validation {
    condition     = alltrue([for key in var.backup.recipients : startswith(key, "age1")])
    error_message = "A recipient is an age public key, which begins with age1."
  }
}

variable "database" {
  description = "The app's PostgreSQL: its host, and the database. The role has the name of the app's identity."
  type = object({
    host = string
    name = string
  })
  nullable = false
}

variable "deployer_ip_ranges" {
  description = "Addresses that reach the app's deployment site. A pipeline without a fixed address adds its own during a deployment, by `az functionapp config access-restriction add --scm-site true`."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.deployer_ip_ranges : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Give ranges such as 198.51.100.0/24, and never the whole internet."
  }
}

variable "front_door_guid" {
  description = "The value of X-Azure-FDID in requests of the only admitted Front Door."
  type        = string
  nullable    = false
}

variable "identity" {
  description = "The app's user-assigned identity. It needs its roles on the vault before the app exists, else references to secrets stay unresolved."
  type = object({
    id           = string
    client_id    = string
    name         = string
    principal_id = string
  })
  nullable = false
}

variable "item_housekeeping_schedule" {
  description = "The schedule for deleting expired idempotency keys: NCRONTAB, UTC."
  type        = string
  default     = "0 */10 * * * *"
  nullable    = false
}

variable "location" {
  description = "The Azure region; it must offer Flex Consumption (az functionapp list-flexconsumption-locations)."
  type        = string
  nullable    = false
}

variable "maximum_instances" {
  description = "The maximum number of instances of each group of functions."
  type        = number
  default     = 40
  nullable    = false

  validation {
    condition     = var.maximum_instances >= 1 && var.maximum_instances <= 1000
    error_message = "Flex Consumption takes 1 to 1000 instances."
  }
}

variable "memory_mb" {
  description = "Memory of an instance."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = contains([512, 2048, 4096], var.memory_mb)
    error_message = "An instance has 512, 2048 or 4096 MB."
  }
}

variable "name" {
  description = "The environment's name; the app is func-<name>, which is unique in all of Azure."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,53}[a-z0-9])?$", var.name))
    error_message = "Give lower-case letters, digits and hyphens."
  }
}

variable "notify" {
  description = <<-EOT
    Messages of the app (docs/settings.md), whose addresses are secrets of the vault:

    - receivers: by name, with the secret notify-url-<name>: the format of messages, if the address does not show it, and
      whether they are signed with the secret notify-secret-<name>
    - heartbeat: whether each timer function calls the address of the secret heartbeat-url, completed by its name
    - heartbeats: timer functions with an address of their own, heartbeat-url-<function>, with dashes
    - link: the page that messages link to
    - networks: private networks that may have receivers
    - sizes: whether changes of sizes make messages
  EOT
  type = object({
    heartbeat  = optional(bool, false)
    heartbeats = optional(set(string), [])
    link       = optional(string)
    networks   = optional(set(string), [])
    receivers  = optional(map(object({ format = optional(string), signed = optional(bool, false) })), {})
    sizes      = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.notify.receivers) : can(regex("^[a-z][a-z0-9-]{0,39}$", name)) && name != "default"])
    error_message = "A receiver's name has lower-case letters, digits and dashes, at most 40, and begins with a letter. `default` is reserved."
  }

  validation {
    condition     = alltrue([for name in var.notify.heartbeats : can(regex("^[a-z][a-z0-9_]*$", name))])
    error_message = "Give names of functions, such as postfacto_backup."
  }
}

variable "package_storage_name" {
  description = "The name of the storage account of the host and its packages, unique in all of Azure."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.package_storage_name))
    error_message = "A storage account's name has 3 to 24 lower-case letters and digits."
  }
}

variable "private_dns_zone_id" {
  description = "The zone privatelink.blob.core.windows.net of the network."
  type        = string
  nullable    = false
}

variable "resource_group" {
  description = "The resource group of the app."
  type = object({
    id   = string
    name = string
  })
  nullable = false
}

variable "runtime_version" {
  description = "The version of the runtime `custom`. Azure accepts others, but the app then never starts."
  type        = string
  default     = "1.0"
  nullable    = false

  validation {
    condition     = var.runtime_version == "1.0"
    error_message = "Give 1.0, the only version of the runtime custom."
  }
}

variable "scale" {
  description = <<-EOT
    Sizes by schedule (docs/schedules.md):

    - config: another scale.toml than the packaged one, a path or az://container/file
    - resources: resource ids of further targets, by the target's name. The target web is this app
    - resource_manager: Resource Manager's address, in other clouds than the public one
    - storage_account: the account of an az:// address
  EOT
  type = object({
    config           = optional(string)
    resource_manager = optional(string)
    resources        = optional(map(string), {})
    storage_account  = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = !contains(keys(var.scale.resources), "web") && alltrue([for name in keys(var.scale.resources) : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", name))])
    error_message = "Name targets by lower-case letters, digits and dashes; web is this app itself."
  }

  validation {
    condition     = !startswith(coalesce(var.scale.config, "scale.toml"), "az://") || var.scale.storage_account != null
    error_message = "A schedule at an az:// address needs storage_account."
  }

  validation {
    condition     = alltrue([for id in values(var.scale.resources) : startswith(id, "/subscriptions/")])
    error_message = "A target's resource id begins with /subscriptions/."
  }
}

variable "settings" {
  description = "Further settings of docs/settings.md, such as LOG or DATABASE_POOL_SIZE."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.settings), ["FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE", "AzureWebJobsStorage", "BACKUP_STORAGE_KEY"])) == 0
    error_message = "Flex Consumption sets FUNCTIONS_* and WEBSITE_* itself, and the app reaches storage by its identity."
  }
}

variable "subnets" {
  description = "The ids of two subnets: the app's entry into the network, and that of private endpoints."
  type = object({
    functions         = string
    private_endpoints = string
  })
  nullable = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timers_elsewhere" {
  description = "Timer functions that another scheduler runs with `magnusapi run`. The app's own calls of them do nothing."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.timers_elsewhere, var.always_ready_timers)) == 0
    error_message = "Give names of timer functions, such as postfacto_backup."
  }
}

variable "update_strategy" {
  description = "How instances get a new package or setting: Recreate, with a short outage, or RollingUpdate, a preview in which two versions of the program run at once. An older program does not start on a database that a newer one has migrated."
  type        = string
  default     = "Recreate"
  nullable    = false

  validation {
    condition     = contains(["Recreate", "RollingUpdate"], var.update_strategy)
    error_message = "Give Recreate or RollingUpdate."
  }
}

variable "vault_uri" {
  description = "The vault of the app's secrets, with a slash at the end."
  type        = string
  nullable    = false
}
