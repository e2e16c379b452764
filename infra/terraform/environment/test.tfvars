# The smallest size of each part, without locks: `terraform destroy` removes everything.
environment   = "test"
address_space = "10.20.0.0/16"

# Yours, before the first plan. None of it is secret.
alert_emails         = []
api_server_ip_ranges = []
budget               = { amount = 600, start = "2026-12-01" }
operator_ip_ranges   = []

aks = {
  kubernetes_version = "1.35"
  sku_tier           = "Free"
  system_pool        = { min_count = 1, max_count = 2 }
}

backup = {
  databases        = []
  immutable_days   = 1
  replication_type = "ZRS"
}

function_app = {
  maximum_instances = 40
}

postgres = {
  backup_retention_days = 7
  sku_name              = "B_Standard_B1ms"
}
