# Applies an environment. It can change everything in the environment's resource group, give the roles
# that the environment needs, and do nothing outside. Helmfile's difference on a pull request needs the
# cluster's Secrets, and so this identity: in an environment of its own, whose reviewers read the change first.
module "apply_identity" {
  source   = "../../modules/github-identity"
  for_each = local.names

  name                = "id-${each.value}-apply"
  resource_group_name = azurerm_resource_group.bootstrap.name
  location            = var.location
  github_environments = [each.key, "${each.key}-diff"]
  other_credentials   = lookup(var.other_credentials, each.key, {})
  repository          = var.repository
  tags                = var.tags

  roles = {
    cluster = {
      scope                = azurerm_resource_group.environment[each.key].id
      role_definition_name = "Azure Kubernetes Service RBAC Cluster Admin"
    }
    grants = {
      scope                = azurerm_resource_group.environment[each.key].id
      role_definition_name = "Role Based Access Control Administrator"
      condition            = local.grant_conditions[each.key]
    }
    grants_dns = {
      scope                = azurerm_resource_group.dns[each.key].id
      role_definition_name = "Role Based Access Control Administrator"
      condition            = local.grant_conditions[each.key]
    }
    locks = {
      scope              = azurerm_resource_group.environment[each.key].id
      role_definition_id = azurerm_role_definition.lock[each.key].role_definition_resource_id
    }
    lookups = {
      scope              = local.subscription
      role_definition_id = azurerm_role_definition.lookups.role_definition_resource_id
    }
    resources = {
      scope                = azurerm_resource_group.environment[each.key].id
      role_definition_name = "Contributor"
    }
    state = {
      scope                = module.remote_state.container_ids[each.key]
      role_definition_name = "Storage Blob Data Contributor"
    }
    zone = {
      scope                = module.dns_zone[each.key].id
      role_definition_name = "DNS Zone Contributor"
    }
  }
}

# Plans an environment, for pull requests. It reads; it cannot even lock the state.
module "plan_identity" {
  source   = "../../modules/github-identity"
  for_each = local.names

  name                = "id-${each.value}-plan"
  resource_group_name = azurerm_resource_group.bootstrap.name
  location            = var.location
  github_environments = ["${each.key}-plan"]
  repository          = var.repository
  tags                = var.tags

  roles = {
    # azurerm reads the cluster's address along with its other properties, by an action that Reader lacks.
    cluster = {
      scope                = azurerm_resource_group.environment[each.key].id
      role_definition_name = "Azure Kubernetes Service Cluster User Role"
    }
    lookups = {
      scope              = local.subscription
      role_definition_id = azurerm_role_definition.lookups.role_definition_resource_id
    }
    resources = {
      scope                = azurerm_resource_group.environment[each.key].id
      role_definition_name = "Reader"
    }
    state = {
      scope                = module.remote_state.container_ids[each.key]
      role_definition_name = "Storage Blob Data Reader"
    }
    zone = {
      scope                = azurerm_resource_group.dns[each.key].id
      role_definition_name = "Reader"
    }
  }
}
