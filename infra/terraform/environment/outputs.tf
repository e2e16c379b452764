output "api_url" {
  description = "The API's address at Front Door."
  value       = module.front_door.url
}

output "app_identity_name" {
  description = "The name of the app's identity, which is its role in PostgreSQL."
  value       = azurerm_user_assigned_identity.app.name
}

output "app_vault_name" {
  description = "The vault of the app's secrets: backup-database-url-<name>, drill-identity, heartbeat-url, notify-url-<name>."
  value       = module.vault["app"].name
}

output "database_host" {
  description = "The host of the app's PostgreSQL, for its administrators."
  value       = module.postgres.host
}

output "function_app_id" {
  description = "The function app's resource id, by which cargo xtask deploy finds it."
  value       = module.function_app.id
}

output "function_app_name" {
  description = "The function app, for deployments."
  value       = module.function_app.name
}

output "helmfile" {
  description = "Values for Helmfile. `cargo xtask infra values` writes them to infra/helmfile/environments/<environment>/azure.json."
  value = {
    appTimers = {
      clientId             = azurerm_user_assigned_identity.app.client_id
      keyVaultName         = module.vault["app"].name
      postgresSubnetPrefix = module.network.subnets.postgres.prefix
      # NCRONTAB begins with seconds.
      schedules = { for name in var.cluster_timers : name => join(" ", slice(split(" ", local.timer_schedules[name]), 1, 6)) }
      secrets   = local.timer_secrets
      settings  = { for name, value in local.timer_settings : name => value if !contains(keys(local.timer_secrets), name) }
    }
    backupStorageAccount        = module.backup_storage.name
    barmanContainer             = module.backup_storage.container_names.barman
    certManagerClientId         = module.workload["cert-manager"].client_id
    clusterName                 = module.aks.name
    clusterResourceGroup        = var.resource_group.name
    contextName                 = var.name
    dnsZone                     = var.dns_zone.name
    dnsZoneResourceGroup        = var.dns_zone.resource_group_name
    externalDnsClientId         = module.workload["external-dns"].client_id
    functionSubnetPrefix        = module.network.subnets.functions.prefix
    internalLoadBalancerSubnet  = module.network.subnets.internal.name
    keyVaultName                = module.vault["postfacto"].name
    nodeSubnetPrefix            = module.network.subnets.nodes.prefix
    postfactoClientId           = module.workload["postfacto"].client_id
    privateEndpointSubnetPrefix = module.network.subnets.private_endpoints.prefix
    postgresBackupClientId      = module.workload["postgres-backup"].client_id
    subscriptionId              = var.subscription_id
    tenantId                    = var.tenant_id
    veleroClientId              = module.workload["velero"].client_id
    veleroContainer             = module.backup_storage.container_names.velero
  }
}
