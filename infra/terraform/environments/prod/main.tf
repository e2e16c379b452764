module "platform" {
  source = "../../modules/platform"

  name                       = var.name
  alert_emails               = var.alert_emails
  api_server_ip_ranges       = var.api_server_ip_ranges
  budget                     = var.budget
  database_administrator     = var.database_administrator
  dns_zone                   = var.dns_zone
  location                   = var.location
  operator_ip_ranges         = var.operator_ip_ranges
  postfacto_versions         = var.postfacto_versions
  resource_group             = var.resource_group
  scale                      = var.scale
  sizing_role_definition_ids = var.sizing_role_definition_ids
  subscription_id            = var.subscription_id
  suffix                     = var.suffix
  tags                       = var.tags
  tenant_id                  = var.tenant_id

  address_space   = "10.21.0.0/16"
  alerts_required = true
  delete_lock     = true

  aks = {
    kubernetes_version = "1.35"
    sku_tier           = "Standard"
    apps_pool          = { node_count = 3 }
    data_pool          = { min_count = 2, max_count = 4 }
    system_pool        = { min_count = 2, max_count = 4 }
  }

  backup = {
    databases        = var.backup_databases
    immutable_days   = 14
    replication_type = "GZRS"
    soft_delete_days = 90
  }

  front_door = {
    rate_limit_per_minute = 600
  }

  function_app = {
    deployer_ip_ranges = var.deployer_ip_ranges
    maximum_instances  = 100
    memory_mb          = 2048
  }

  logs = {
    daily_quota_gb = 5
    retention_days = 90
  }

  postgres = {
    backup_retention_days = 35
    geo_redundant_backup  = true
    high_availability     = true
    sku_name              = "GP_Standard_D2ds_v5"
    storage_mb            = 131072
  }
}
