variable "aks" {
  description = "The cluster: see the variables of the module aks."
  type = object({
    kubernetes_version = string
    sku_tier           = optional(string)
    maintenance        = optional(object({ day_of_week = optional(string), start_time = optional(string) }))
    apps_pool          = optional(object({ node_count = optional(number), vm_size = optional(string) }))
    data_pool          = optional(object({ min_count = optional(number), max_count = optional(number), vm_size = optional(string) }))
    system_pool        = optional(object({ min_count = optional(number), max_count = optional(number), vm_size = optional(string) }))
  })
  nullable = false
}

variable "api_server_ip_ranges" {
  description = "Addresses that reach the cluster's API: the operators', and the pipeline's outbound addresses."
  type        = set(string)
  nullable    = false
}

variable "budget" {
  description = "The environment's costs in a month: see the variable budget of the module alerts. Look up the prices before the first apply."
  type = object({
    amount = number
    start  = string
  })
  nullable = false
}

variable "database_administrator" {
  description = "From bootstrap: the Entra group or identity that administers the app's PostgreSQL. type is Group, ServicePrincipal or User."
  type = object({
    object_id = string
    name      = string
    type      = optional(string)
  })
  nullable = false
}

variable "dns_zone" {
  description = "From bootstrap: the environment's public zone."
  type = object({
    id                  = string
    name                = string
    resource_group_id   = string
    resource_group_name = string
  })
  nullable = false
}

variable "environment" {
  description = "The environment that these values are of. The values from bootstrap must be of the same one."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.name, "-${var.environment}")
    error_message = "The values from bootstrap are of ${var.name}: ${var.environment} needs ${var.environment}.bootstrap.tfvars.json."
  }
}

variable "location" {
  description = "From bootstrap: the Azure region."
  type        = string
  nullable    = false
}

variable "name" {
  description = "From bootstrap: the environment's name, such as magnus-test. It is part of all names, and the name of the kube-context."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.name)) && length(var.name) <= 12
    error_message = "Give at most 12 lower-case letters, digits and hyphens, beginning with a letter: a storage account's name is short."
  }

  # It stops a destroy too.
  validation {
    condition     = endswith(terraform_data.owner.output, "/rg-${var.name}")
    error_message = "This is the state of ${terraform_data.owner.output} and not of ${var.name}: `cargo xtask infra` selects the state of the environment that it names."
  }
}

variable "resource_group" {
  description = "From bootstrap: the environment's resource group."
  type = object({
    id   = string
    name = string
  })
  nullable = false
}

variable "second_clock_role_definition_id" {
  description = "From bootstrap: the role of the second clock."
  type        = string
  nullable    = false
}

variable "sizing_role_definition_ids" {
  description = "From bootstrap: the roles for sizing."
  type = object({
    identity  = string
    node_pool = string
    plan      = string
    site      = string
    subnet    = string
  })
  nullable = false
}

variable "subscription_id" {
  description = "From bootstrap: the subscription."
  type        = string
  nullable    = false

  validation {
    condition     = alltrue([for id in [var.dns_zone.id, var.resource_group.id, terraform_data.owner.output] : startswith(id, "/subscriptions/${var.subscription_id}/")])
    error_message = "Zone, resource group and state are not all in the subscription ${var.subscription_id}: use the values that bootstrap gives this environment."
  }
}

variable "suffix" {
  description = "From bootstrap: two to four letters and digits that make names unique in all of Azure."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{2,4}$", var.suffix))
    error_message = "Give two to four lower-case letters and digits."
  }
}

variable "tenant_id" {
  description = "From bootstrap: the Entra tenant."
  type        = string
  nullable    = false
}

variable "address_space" {
  description = "The network's private /16. Networks with the same addresses cannot be peered."
  type        = string
  default     = null
}

variable "alert_emails" {
  description = "The recipients of alerts."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = !var.alerts_required || length(var.alert_emails) > 0
    error_message = "Name at least one address: without a recipient, alerts reach no person."
  }

  validation {
    condition     = !var.alerts_required || alltrue([for email in var.alert_emails : !can(regex("@(.+\\.)?example\\.(com|net|org)$", lower(email)))])
    error_message = "Addresses at example.com, example.net and example.org reach no person: put in your own."
  }
}

variable "alert_webhooks" {
  description = "Further recipients of alerts: see the variable webhooks of the module alerts."
  type = map(object({
    uri   = string
    entra = optional(object({ identifier_uri = string, object_id = string, tenant_id = string }))
  }))
  default  = {}
  nullable = false
}

variable "alerts_required" {
  description = "Whether alerts must reach a person: alert_emails is then not empty, and has no address of an example."
  type        = bool
  default     = false
  nullable    = false
}

variable "backup" {
  description = "Backups: databases and times (the variable backup of the module function-app), and their storage (the module backup-storage). copy_container_id is the container of copy_url in another account: the app may write there, if the identity that applies may assign roles there. Before a name in databases, write the database's address as the secret backup-database-url-<name> into the app's vault: infra/README.md, Back up a database."
  type = object({
    databases                 = optional(set(string), [])
    compression               = optional(string)
    copy_container_id         = optional(string)
    copy_keep                 = optional(string)
    copy_storage_account      = optional(string)
    copy_url                  = optional(string)
    drill_after               = optional(string)
    drill_fail_after_hours    = optional(number)
    drill_identity            = optional(bool, false)
    drill_schedule            = optional(string, "0 0 4 * * 0")
    drill_warn_after_hours    = optional(number)
    fail_after_hours          = optional(number)
    jobs                      = optional(number)
    keep                      = optional(string)
    recipients                = optional(list(string), [])
    schedule                  = optional(string, "0 0 2 * * *")
    storage_wait_seconds      = optional(number)
    warn_after_hours          = optional(number)
    delete_after_days         = optional(number)
    immutability_locked       = optional(bool)
    immutable_days            = optional(number)
    replication_type          = optional(string)
    soft_delete_days          = optional(number)
    version_delete_after_days = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("/storageAccounts/[^/]+/blobServices/default/containers/[^/]+$", coalesce(var.backup.copy_container_id, "/storageAccounts/none/blobServices/default/containers/none")))
    error_message = "copy_container_id is the resource id of a container: /subscriptions/…/storageAccounts/<account>/blobServices/default/containers/<container>."
  }
}

variable "cluster_timers" {
  description = "Timer functions that CronJobs in the cluster run and the function app does not: postfacto_backup, postfacto_restore_drill. Then install Helmfile's release timers: infra/helmfile/README.md, Long backups."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.cluster_timers, ["postfacto_backup", "postfacto_restore_drill"])) == 0
    error_message = "Only postfacto_backup and postfacto_restore_drill can run in the cluster."
  }
}

variable "delete_lock" {
  description = "Whether resources that hold data are locked against deletion. The pipeline may set the lock and not lift it."
  type        = bool
  default     = false
  nullable    = false
}

variable "front_door" {
  description = "Front Door: see the variables of the module front-door."
  type = object({
    host_label             = optional(string)
    metrics_ip_ranges      = optional(set(string))
    probe_interval_seconds = optional(number)
    rate_limit_per_minute  = optional(number)
  })
  default  = {}
  nullable = false
}

variable "function_app" {
  description = "The app: see the variables of the module function-app."
  type = object({
    always_ready_instances     = optional(number)
    deployer_ip_ranges         = optional(set(string))
    item_housekeeping_schedule = optional(string)
    maximum_instances          = optional(number)
    memory_mb                  = optional(number)
    settings                   = optional(map(string))
  })
  default  = {}
  nullable = false
}

variable "logs" {
  description = "Logs: see the variables of the module observability."
  type = object({
    daily_quota_gb = optional(number)
    retention_days = optional(number)
  })
  default  = {}
  nullable = false
}

variable "notify" {
  description = "Messages of the app: see the variable notify of the module function-app. Before a name here, write its secrets into the app's vault: infra/README.md, Send messages."
  type = object({
    heartbeat  = optional(bool, false)
    heartbeats = optional(set(string), [])
    networks   = optional(set(string), [])
    receivers  = optional(map(object({ format = optional(string), signed = optional(bool, false) })), {})
    sizes      = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "operator_ip_ranges" {
  description = "Addresses from which operators write secrets, reach backups, and open the page /ops. Without any, only the network reaches secrets and backups, and no caller the page."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "postfacto_versions" {
  description = "The versions of Postfacto that run at once. Each has the namespace postfacto-<version with dashes>."
  type        = set(string)
  default     = ["4.2.0", "4.3.11"]
  nullable    = false

  validation {
    condition     = length(var.postfacto_versions) > 0 && alltrue([for version in var.postfacto_versions : can(regex("^\\d+\\.\\d+\\.\\d+$", version))])
    error_message = "Give at least one version of three numbers, such as 4.3.11."
  }

  validation {
    condition     = length(var.postfacto_versions) <= 20
    error_message = "Give at most 20 versions: each needs a federated credential, and an identity takes 20."
  }
}

variable "postgres" {
  description = "The app's PostgreSQL: see the variables of the module postgres."
  type = object({
    backup_retention_days = optional(number)
    geo_redundant_backup  = optional(bool)
    high_availability     = optional(bool)
    postgres_version      = optional(string)
    sku_name              = optional(string)
    storage_mb            = optional(number)
  })
  default  = {}
  nullable = false
}

variable "scale" {
  description = <<-EOT
    Sizes by schedule:

    - apps_pool_target: the target of scale.toml that sizes the cluster's pool for apps. Without it, the pool keeps its size
    - config: another scale.toml than the packaged one
    - resource_manager: its address in other clouds than the public one
    - storage_account: the account of a config at an az:// address
  EOT
  type = object({
    apps_pool_target = optional(string)
    config           = optional(string)
    resource_manager = optional(string)
    storage_account  = optional(string)
  })
  default  = {}
  nullable = false
}

variable "second_clock" {
  description = "A Logic App that calls /run-due every so often (minutes, 15 by default). Without it, there is none."
  type = object({
    minutes = optional(number)
  })
  default = null
}

variable "tags" {
  description = "From bootstrap: tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
