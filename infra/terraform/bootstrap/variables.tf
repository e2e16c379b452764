variable "domain" {
  description = "The domain of all environments; each has the zone <environment>.<domain>, which the domain must delegate to."
  type        = string
  nullable    = false
}

variable "operators" {
  description = "The operators' group in Entra: its object id and name. Operators administer clusters and databases, write secrets, and reach backups."
  type = object({
    object_id = string
    name      = string
  })
  nullable = false
}

variable "repository" {
  description = "The repository on GitHub whose pipeline applies the environments: see the variable repository of the module github-identity."
  type = object({
    owner    = string
    name     = string
    owner_id = optional(number)
    id       = optional(number)
  })
  nullable = false
}

variable "subscription_id" {
  description = "The subscription of all environments."
  type        = string
  nullable    = false
}

variable "suffix" {
  description = "Two to four letters and digits that make names unique in all of Azure."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{2,4}$", var.suffix))
    error_message = "Give two to four lower-case letters and digits."
  }
}

variable "tenant_id" {
  description = "The Entra tenant of all identities."
  type        = string
  nullable    = false
}

variable "environments" {
  description = "The environments: each has infra/terraform/environment/<name>.tfvars. The pipeline's environment of the same name applies it, and <name>-plan plans it."
  type        = set(string)
  default     = ["test", "prod"]
  nullable    = false

  validation {
    condition     = alltrue([for environment in var.environments : can(regex("^[a-z]{2,5}$", environment))])
    error_message = "An environment's name has two to five lower-case letters: it is part of the names of storage accounts."
  }
}

variable "location" {
  description = "The Azure region."
  type        = string
  default     = "westeurope"
  nullable    = false
}

variable "other_credentials" {
  description = "By environment, issuers and subjects of other pipelines that may apply it, such as the service connection of Azure Pipelines; by <environment>-plan, of those that may plan it."
  type        = map(map(object({ issuer = string, subject = string })))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.other_credentials) : contains(var.environments, trimsuffix(key, "-plan"))])
    error_message = "The keys are names of environments, or such a name and -plan."
  }
}

variable "project" {
  description = "The first part of all names."
  type        = string
  default     = "magnus"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,6}$", var.project))
    error_message = "Give two to six lower-case letters: they are part of the names of storage accounts."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
