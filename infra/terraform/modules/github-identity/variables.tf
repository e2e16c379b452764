variable "github_environments" {
  description = "The repository's environments whose jobs may act as this identity. Protect them there: whichever person may start such a job has this identity's rights."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in var.github_environments : can(regex("^[A-Za-z0-9_.-]+$", name))])
    error_message = "Name environments by letters, digits, dots, dashes and underscores: Entra compares the subject letter by letter."
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

variable "repository" {
  description = <<-EOT
    The repository on GitHub:

    - owner: the user or organisation, in the letter case that GitHub shows
    - name: the repository's name, in the same letter case
    - owner_id, id: their numbers (`gh api repos/<owner>/<name> --jq '.owner.id, .id'`), which stay when a name
      is taken over by somebody else. Leave out both for a repository whose tokens still carry names alone.
  EOT
  type = object({
    owner    = string
    name     = string
    owner_id = optional(number)
    id       = optional(number)
  })
  nullable = false

  validation {
    condition     = (var.repository.owner_id == null) == (var.repository.id == null)
    error_message = "Give both owner_id and id, or neither."
  }
}

variable "resource_group_name" {
  description = "The resource group of the identity."
  type        = string
  nullable    = false
}

variable "other_credentials" {
  description = "Issuers and subjects of other pipelines that may act as this identity, such as the service connection of Azure Pipelines, which shows both when you create it."
  type = map(object({
    issuer  = string
    subject = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for credential in var.other_credentials : startswith(credential.issuer, "https://") && !strcontains(credential.subject, "*")])
    error_message = "Give an https address as issuer and a whole subject: Entra has no wildcards here."
  }
}

variable "roles" {
  description = <<-EOT
    What the identity may do. The key is a name for the assignment; give one of:

    - role_definition_name: a built-in role
    - role_definition_id: a custom one

    and the scope, as narrow as it can be. `condition` is an expression of Azure's attribute-based access control.
  EOT
  type = map(object({
    scope                = string
    role_definition_name = optional(string)
    role_definition_id   = optional(string)
    condition            = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for role in var.roles : (role.role_definition_name == null) != (role.role_definition_id == null)])
    error_message = "Give each role either role_definition_name or role_definition_id."
  }

  validation {
    condition     = alltrue([for role in var.roles : !contains(["Owner", "User Access Administrator"], coalesce(role.role_definition_name, "-"))])
    error_message = "With this role the pipeline could grant itself every right: give it Role Based Access Control Administrator with a condition instead."
  }

  validation {
    condition     = alltrue([for role in var.roles : role.condition != null if role.role_definition_name == "Role Based Access Control Administrator"])
    error_message = "Role Based Access Control Administrator needs a condition that names the roles it may give."
  }
}

variable "tags" {
  description = "Tags of the identity."
  type        = map(string)
  default     = {}
  nullable    = false
}
