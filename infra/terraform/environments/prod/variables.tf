variable "alert_emails" {
  description = "Who is woken when something needs somebody."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "api_server_ip_ranges" {
  description = "Addresses that reach the cluster's API: people's, and the pipeline's way out."
  type        = set(string)
  nullable    = false
}

variable "backup_databases" {
  description = "Databases that the app backs up. Write the address of each as the secret backup-database-url-<name> into the app's vault before its name here: infra/README.md, Back up a database."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "budget" {
  description = "What the environment may cost in a month, in the currency of the subscription's bill, from the first day of a month on. Look the prices up before the first apply."
  type = object({
    amount = number
    start  = string
  })
  nullable = false
}

variable "database_administrator" {
  description = "From bootstrap: the Entra group or identity that administers the app's PostgreSQL."
  type = object({
    object_id = string
    name      = string
    type      = optional(string)
  })
  nullable = false
}

variable "deployer_ip_ranges" {
  description = "Addresses that reach the app's deployment site."
  type        = set(string)
  default     = []
  nullable    = false
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

variable "location" {
  description = "From bootstrap: the Azure region."
  type        = string
  nullable    = false
}

variable "name" {
  description = "From bootstrap: the environment's name."
  type        = string
  nullable    = false
}

variable "operator_ip_ranges" {
  description = "Addresses of the people who look after this: from there they write secrets and reach backups."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "postfacto_versions" {
  description = "The versions of Postfacto that run at once."
  type        = set(string)
  default     = ["4.2.0", "4.3.11"]
  nullable    = false
}

variable "resource_group" {
  description = "From bootstrap: the environment's resource group."
  type = object({
    id   = string
    name = string
  })
  nullable = false
}

variable "scale" {
  description = "Sizes by schedule: apps_pool_target names the target of scale.toml that sizes the cluster's pool for apps, config another scale.toml than the packaged one, storage_account the account of one at an az:// address."
  type = object({
    apps_pool_target = optional(string)
    config           = optional(string)
    storage_account  = optional(string)
  })
  default  = {}
  nullable = false
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
}

variable "suffix" {
  description = "From bootstrap: what makes names unique in all of Azure."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "From bootstrap: tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "tenant_id" {
  description = "From bootstrap: the Entra tenant."
  type        = string
  nullable    = false
}
