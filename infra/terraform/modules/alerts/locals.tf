locals {
  # Metrics that mean work for somebody. The rest is for dashboards.
  metric_alerts = {
    origin = {
      description = "Front Door sees the function app fail: look at the app's log stream, then at its last deployment."
      severity    = 1
      scope       = var.front_door_id
      namespace   = "Microsoft.Cdn/profiles"
      metric      = "OriginHealthPercentage"
      operator    = "LessThan"
      threshold   = 50
    }
    disk = {
      description = "The disk of the app's PostgreSQL is nearly full: it grows by itself up to its limit; find out what grows."
      severity    = 2
      scope       = var.postgres_id
      namespace   = "Microsoft.DBforPostgreSQL/flexibleServers"
      metric      = "storage_percent"
      operator    = "GreaterThan"
      threshold   = 80
    }
  }

  # Where Azure's probes from outside stand: Western Europe, the East of the US, East Asia.
  probe_locations = ["emea-nl-ams-azr", "us-va-ash-azr", "apac-hk-hkn-azr"]
}
