output "assignable_roles" {
  description = "The built-in roles that an environment's pipeline may assign."
  value       = toset(keys(local.assignable_roles))
}

output "environments" {
  description = "By environment, the variables that it takes from here: infra/terraform/environment/<environment>.bootstrap.tfvars.json. None is secret."
  value = {
    for environment, name in local.names : environment => {
      location        = var.location
      name            = name
      subscription_id = var.subscription_id
      suffix          = var.suffix
      tags            = merge(var.tags, { environment = environment })
      tenant_id       = var.tenant_id
      database_administrator = {
        object_id = var.operators.object_id
        name      = var.operators.name
        type      = "Group"
      }
      dns_zone = {
        id                  = module.dns_zone[environment].id
        name                = module.dns_zone[environment].name
        resource_group_id   = azurerm_resource_group.dns[environment].id
        resource_group_name = azurerm_resource_group.dns[environment].name
      }
      resource_group = {
        id   = azurerm_resource_group.environment[environment].id
        name = azurerm_resource_group.environment[environment].name
      }
      second_clock_role_definition_id = azurerm_role_definition.second_clock[environment].role_definition_resource_id
      sizing_role_definition_ids      = module.sizing_roles[environment].role_definition_ids
    }
  }
}

output "name_servers" {
  description = "By environment, the name servers that the domain must delegate its zone to."
  value       = { for environment, zone in module.dns_zone : environment => zone.name_servers }
}

output "pipeline" {
  description = "By environment, AZURE_CLIENT_ID of the pipeline's environments <environment> (apply), <environment>-plan (plan) and <environment>-diff (diff)."
  value = {
    for environment in var.environments : environment => {
      apply = module.apply_identity[environment].client_id
      diff  = module.diff_identity[environment].client_id
      plan  = module.plan_identity[environment].client_id
    }
  }
}

output "state_account" {
  description = "For terraform init -backend-config=storage_account_name=…"
  value       = module.remote_state.name
}
