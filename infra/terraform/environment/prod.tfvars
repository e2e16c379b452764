# A standby of the database, backups in another region, more nodes, a service level for the cluster's API, and
# locks on everything that holds data.
environment     = "prod"
address_space   = "10.21.0.0/16"
alerts_required = true
delete_lock     = true

# Yours, before the first plan. None of it is secret.
alert_emails         = []
api_server_ip_ranges = []
budget               = { amount = 3000, start = "2026-12-01" }
operator_ip_ranges   = []

aks = {
  kubernetes_version = "1.35"
  sku_tier           = "Standard"
  apps_pool          = { node_count = 3 }
  data_pool          = { min_count = 2, max_count = 4 }
  system_pool        = { min_count = 2, max_count = 4 }
}

backup = {
  databases        = []
  immutable_days   = 14
  replication_type = "GZRS"
  soft_delete_days = 90
}

front_door = {
  rate_limit_per_minute = 600
}

function_app = {
  maximum_instances = 100
  memory_mb         = 2048
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
