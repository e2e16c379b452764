variable "issuer" {
  description = "The cluster's OIDC issuer, which signs the tokens of its service accounts."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.issuer, "https://")
    error_message = "The issuer is an https address: the cluster's oidc_issuer_url."
  }
}

variable "location" {
  description = "The Azure region."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The identity's name."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "The resource group of the identity."
  type        = string
  nullable    = false
}

variable "service_accounts" {
  description = "The Kubernetes service accounts that may act as this identity, each as namespace/name."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.service_accounts) > 0 && alltrue([for account in var.service_accounts : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", account))])
    error_message = "Give at least one service account, each as namespace/name, such as velero/velero."
  }

  validation {
    condition     = length(var.service_accounts) <= 20
    error_message = "An identity takes 20 federated credentials at most; make a second identity."
  }
}

variable "roles" {
  description = "The identity's rights: a built-in role at a scope, by a name for the assignment."
  type = map(object({
    scope                = string
    role_definition_name = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for role in var.roles : !contains(["Owner", "Contributor", "User Access Administrator"], role.role_definition_name)])
    error_message = "Give the roles that the workload needs, not one for everything."
  }

  validation {
    condition     = alltrue([for role in var.roles : can(regex("/resourceGroups/[^/]+", role.scope))])
    error_message = "Give a resource as scope, or at most a resource group."
  }
}

variable "tags" {
  description = "Tags of the identity."
  type        = map(string)
  default     = {}
  nullable    = false
}
