locals {
  # Metrics that need an operator.
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
      description = "The disk of the app's PostgreSQL is nearly full: it grows automatically up to its limit; find out what grows."
      severity    = 2
      scope       = var.postgres_id
      namespace   = "Microsoft.DBforPostgreSQL/flexibleServers"
      metric      = "storage_percent"
      operator    = "GreaterThan"
      threshold   = 80
    }
    postgres_down = {
      description = "The app's PostgreSQL is down: look at its state and at Azure's service health; with a standby it fails over automatically."
      severity    = 1
      scope       = var.postgres_id
      namespace   = "Microsoft.DBforPostgreSQL/flexibleServers"
      metric      = "is_db_alive"
      operator    = "LessThan"
      threshold   = 1
    }
    postgres_processor = {
      description = "The processor of the app's PostgreSQL is busy: look at its longest queries, then at sku_name."
      severity    = 2
      scope       = var.postgres_id
      namespace   = "Microsoft.DBforPostgreSQL/flexibleServers"
      metric      = "cpu_percent"
      operator    = "GreaterThan"
      threshold   = 90
    }
  }

  # Each query returns a row for a fault. `summarize` without `by` returns a row for an empty table too.
  log_alerts = merge(
    local.cluster_alerts,
    {
      for timer, hours in var.timer_hours : "timer_${timer}" => {
        description = "The timer ${timer} has not succeeded for ${hours} hours: read its log; if it did not run at all, deploy the package again (docs/operations.md)."
        severity    = 1
        window      = hours > 24 ? "P2D" : hours > 6 ? "P1D" : hours > 1 ? "PT6H" : "PT1H"
        query       = "AppRequests | where TimeGenerated > ago(${hours}h) and OperationName == '${timer}' and Success | summarize successes = count() | where successes == 0"
      }
    },
    {
      quota = {
        description = "The workspace has reached its daily quota and takes no logs until the next day: find out what writes so much, or raise daily_quota_gb."
        severity    = 2
        window      = "PT1H"
        query       = "_LogOperation | where Category == 'Ingestion' and Detail has 'OverQuota'"
      }
    },
  )

  # The places of Azure's external probes: Western Europe, the East of the US, East Asia.
  probe_locations = ["emea-nl-ams-azr", "us-va-ash-azr", "apac-hk-hkn-azr"]
}
