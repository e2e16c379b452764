module "network" {
  source = "../modules/network"

  name                = var.name
  resource_group_name = var.resource_group.name
  location            = var.location
  address_space       = var.address_space
  tags                = var.tags
}

module "observability" {
  source = "../modules/observability"

  name                = var.name
  resource_group_name = var.resource_group.name
  location            = var.location
  daily_quota_gb      = var.logs.daily_quota_gb
  retention_days      = var.logs.retention_days
  tags                = var.tags
}

module "postgres" {
  source = "../modules/postgres"

  name                  = "psql-${local.unique_name}"
  resource_group_name   = var.resource_group.name
  location              = var.location
  administrator         = var.database_administrator
  backup_retention_days = var.postgres.backup_retention_days
  delegated_subnet_id   = module.network.subnets.postgres.id
  geo_redundant_backup  = var.postgres.geo_redundant_backup
  high_availability     = var.postgres.high_availability
  postgres_version      = var.postgres.postgres_version
  private_dns_zone_id   = module.network.private_dns_zone_ids.postgres
  sku_name              = var.postgres.sku_name
  storage_mb            = var.postgres.storage_mb
  tags                  = var.tags
  tenant_id             = var.tenant_id
  workspace_id          = module.observability.workspace_id
}

module "backup_storage" {
  source = "../modules/backup-storage"

  name                       = "st${local.storage_name}backup${var.suffix}"
  resource_group_name        = var.resource_group.name
  location                   = var.location
  allowed_ip_ranges          = var.operator_ip_ranges
  delete_after_days          = var.backup.delete_after_days
  immutability_locked        = var.backup.immutability_locked
  immutable_days             = var.backup.immutable_days
  private_dns_zone_id        = module.network.private_dns_zone_ids.blob
  private_endpoint_subnet_id = module.network.subnets.private_endpoints.id
  replication_type           = var.backup.replication_type
  soft_delete_days           = var.backup.soft_delete_days
  tags                       = var.tags
  version_delete_after_days  = var.backup.version_delete_after_days
  workspace_id               = module.observability.workspace_id
}

# One vault for each reader.
module "vault" {
  source   = "../modules/key-vault"
  for_each = { app = "app", postfacto = "pf" }

  name                       = "kv-${var.name}-${each.value}-${var.suffix}"
  resource_group_name        = var.resource_group.name
  location                   = var.location
  allowed_ip_ranges          = var.operator_ip_ranges
  private_dns_zone_id        = module.network.private_dns_zone_ids.vault
  private_endpoint_subnet_id = module.network.subnets.private_endpoints.id
  tags                       = var.tags
  tenant_id                  = var.tenant_id
  workspace_id               = module.observability.workspace_id
}

resource "azurerm_user_assigned_identity" "app" {
  name                = "id-${var.name}-app"
  resource_group_name = var.resource_group.name
  location            = var.location
  tags                = var.tags
}

module "function_app" {
  source = "../modules/function-app"

  name                                   = local.unique_name
  location                               = var.location
  resource_group                         = var.resource_group
  always_ready_instances                 = var.function_app.always_ready_instances
  application_insights_connection_string = module.observability.connection_string
  deployer_ip_ranges                     = var.function_app.deployer_ip_ranges
  front_door_guid                        = module.front_door.guid
  item_housekeeping_schedule             = var.function_app.item_housekeeping_schedule
  maximum_instances                      = var.function_app.maximum_instances
  memory_mb                              = var.function_app.memory_mb
  package_storage_name                   = "st${local.storage_name}host${var.suffix}"
  private_dns_zone_id                    = module.network.private_dns_zone_ids.blob
  settings                               = var.function_app.settings
  tags                                   = var.tags
  timers_elsewhere                       = var.cluster_timers
  vault_uri                              = module.vault["app"].uri

  backup = merge(var.backup, {
    storage_account = module.backup_storage.name
    container       = module.backup_storage.container_names.exports
    immutable_days  = module.backup_storage.immutable_days
  })

  database = {
    host = module.postgres.host
    name = module.postgres.database
  }

  identity = {
    id           = azurerm_user_assigned_identity.app.id
    client_id    = azurerm_user_assigned_identity.app.client_id
    name         = azurerm_user_assigned_identity.app.name
    principal_id = azurerm_user_assigned_identity.app.principal_id
  }

  scale = {
    config           = var.scale.config
    resource_manager = var.scale.resource_manager
    storage_account  = var.scale.storage_account
    resources        = var.scale.apps_pool_target == null ? {} : { (var.scale.apps_pool_target) = module.aks.apps_pool_id }
  }

  notify = merge(var.notify, { link = "${module.front_door.url}/ops" })

  subnets = {
    functions         = module.network.subnets.functions.id
    private_endpoints = module.network.subnets.private_endpoints.id
  }

  # A reference to a secret stays unresolved for hours if the app had no right to it at first.
  depends_on = [azurerm_role_assignment.app, azurerm_role_assignment.app_secret]
}

module "front_door" {
  source = "../modules/front-door"

  name                   = var.name
  resource_group_name    = var.resource_group.name
  dns_zone               = var.dns_zone
  host_label             = var.front_door.host_label
  metrics_ip_ranges      = var.front_door.metrics_ip_ranges
  operator_ip_ranges     = var.operator_ip_ranges
  origin_host            = module.function_app.host
  probe_interval_seconds = var.front_door.probe_interval_seconds
  rate_limit_per_minute  = var.front_door.rate_limit_per_minute
  tags                   = var.tags
  workspace_id           = module.observability.workspace_id
}

module "alerts" {
  source = "../modules/alerts"

  name                    = var.name
  location                = var.location
  application_insights_id = module.observability.application_insights_id
  emails                  = var.alert_emails
  front_door_id           = module.front_door.id
  health_url              = "${module.front_door.url}/health"
  postgres_id             = module.postgres.id
  resource_group_id       = var.resource_group.id
  budget                  = var.budget
  tags                    = var.tags
  webhooks                = var.alert_webhooks
  workspace_id            = module.observability.workspace_id

  # Longer than the interval of each timer. Without databases there are no backups.
  timer_hours = merge(
    { item_housekeeping = 1, scale = 1 },
    length(var.backup.databases) > 0 ? { postfacto_backup = 26 } : {},
  )
}

# Timers that the platform lost run by it.
module "second_clock" {
  source = "../modules/second-clock"
  count  = var.second_clock == null ? 0 : 1

  name               = var.name
  resource_group     = var.resource_group
  location           = var.location
  function_app_id    = module.function_app.id
  minutes            = var.second_clock.minutes
  resource_manager   = var.scale.resource_manager
  role_definition_id = var.second_clock_role_definition_id
  tags               = var.tags
  url                = "${module.front_door.url}/run-due"
}

module "aks" {
  source = "../modules/aks"

  name                 = var.name
  resource_group_name  = var.resource_group.name
  location             = var.location
  api_server_ip_ranges = var.api_server_ip_ranges
  apps_pool            = var.aks.apps_pool
  data_pool            = var.aks.data_pool
  kubernetes_version   = var.aks.kubernetes_version
  maintenance          = var.aks.maintenance
  resource_group_id    = var.resource_group.id
  pod_address_space    = module.network.pod_address_space
  sku_tier             = var.aks.sku_tier
  system_pool          = var.aks.system_pool
  tags                 = var.tags
  tenant_id            = var.tenant_id
  workspace_id         = module.observability.workspace_id

  subnets = {
    internal = module.network.subnets.internal.id
    nodes    = module.network.subnets.nodes.id
  }
}

resource "azapi_resource" "lock" {
  for_each = { for key, id in local.locked : key => id if var.delete_lock }

  type      = "Microsoft.Authorization/locks@2020-05-01"
  name      = "no-deletion"
  parent_id = each.value
  body = {
    properties = {
      level = "CanNotDelete"
      notes = "Holds data that cannot be made again. An owner of the subscription lifts this lock; the pipeline cannot."
    }
  }
}
