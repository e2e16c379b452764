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

  # The smallest of everything that still shows how it works.
  address_space = "10.20.0.0/16"

  aks = {
    kubernetes_version = "1.35"
    sku_tier           = "Free"
    system_pool        = { min_count = 1, max_count = 2 }
  }

  backup = {
    databases        = var.backup_databases
    immutable_days   = 1
    replication_type = "ZRS"
  }

  function_app = {
    deployer_ip_ranges = var.deployer_ip_ranges
    maximum_instances  = 40
  }

  postgres = {
    backup_retention_days = 7
    sku_name              = "B_Standard_B1ms"
  }
}
