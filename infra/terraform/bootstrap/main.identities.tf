# Applies an environment. It can change everything in the environment's resource group and assign the roles that the
# environment needs. It has no rights outside.
module "apply_identity" {
  source   = "../modules/github-identity"
  for_each = local.names

  name                = "id-${each.value}-apply"
  resource_group_name = azurerm_resource_group.bootstrap.name
  location            = var.location
  github_environments = [each.key]
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

# Plans an environment, for pull requests. It only reads, and cannot lock the state.
module "plan_identity" {
  source   = "../modules/github-identity"
  for_each = local.names

  name                = "id-${each.value}-plan"
  resource_group_name = azurerm_resource_group.bootstrap.name
  location            = var.location
  github_environments = ["${each.key}-plan"]
  other_credentials   = lookup(var.other_credentials, "${each.key}-plan", {})
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

# Shows Helmfile's changes. It reads the cluster with its Secrets, because Helm stores its records in them. So its
# environment has reviewers, who read a change before it runs as this identity. It writes nothing.
module "diff_identity" {
  source   = "../modules/github-identity"
  for_each = local.names

  name                = "id-${each.value}-diff"
  resource_group_name = azurerm_resource_group.bootstrap.name
  location            = var.location
  github_environments = ["${each.key}-diff"]
  repository          = var.repository
  tags                = var.tags

  roles = {
    cluster = {
      scope                = azurerm_resource_group.environment[each.key].id
      role_definition_name = "Azure Kubernetes Service Cluster User Role"
    }
    objects = {
      scope              = azurerm_resource_group.environment[each.key].id
      role_definition_id = azurerm_role_definition.cluster_objects[each.key].role_definition_resource_id
    }
    state = {
      scope                = module.remote_state.container_ids[each.key]
      role_definition_name = "Storage Blob Data Reader"
    }
  }
}

# Azure's own role for readers excludes Secrets.
resource "azurerm_role_definition" "cluster_objects" {
  for_each = local.names

  name              = "${each.value} cluster objects"
  scope             = azurerm_resource_group.environment[each.key].id
  assignable_scopes = [azurerm_resource_group.environment[each.key].id]
  description       = "Read every object of the cluster, and write none"

  permissions {
    data_actions = ["Microsoft.ContainerService/managedClusters/*/read"]
  }
}
