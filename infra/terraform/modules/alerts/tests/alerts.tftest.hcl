mock_provider "azapi" {
  source          = "../../mocks/azapi"
  override_during = plan
}

variables {
  name                    = "numbers-test"
  location                = "westeurope"
  resource_group_id       = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
  application_insights_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Insights/components/appi"
  front_door_id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Cdn/profiles/afd"
  postgres_id             = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql"
  health_url              = "https://api.numbers.example.org/health"
  emails                  = ["operations@example.org"]
  budget                  = { amount = 500, start = "2026-12-01" }
  timer_hours             = { scale = 1, postfacto_backup = 26 }
  workspace_id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
}

run "external_probes_expect_200_of_health" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.health.body.properties.Request.RequestUrl == "https://api.numbers.example.org/health",
      azapi_resource.health.body.properties.ValidationRules.ExpectedHttpStatusCode == 200,
      azapi_resource.health.body.properties.ValidationRules.SSLCertRemainingLifetimeCheck == 14,
      length(azapi_resource.health.body.properties.Locations) == 3,
    ])
    error_message = "/health returns 503 where an operator is needed, and the certificate must be renewed in time."
  }
}

run "a_failure_seen_from_one_place_is_not_an_alert" {
  command = plan

  assert {
    condition     = azapi_resource.health_alert.body.properties.criteria.failedLocationCount == 2
    error_message = "The one place itself may have the fault."
  }
}

run "every_alert_has_the_action_group_and_a_first_step" {
  command = plan

  assert {
    condition = alltrue([
      for alert in concat([azapi_resource.health_alert], values(azapi_resource.metric_alert)) :
      one(alert.body.properties.actions).actionGroupId == azapi_resource.recipients.id && length(split(":", alert.body.properties.description)) > 1
    ])
    error_message = "Each alert needs recipients and a description with the first step."
  }

  assert {
    condition     = one(azapi_resource.recipients.body.properties.emailReceivers).emailAddress == "operations@example.org"
    error_message = "The recipients must be the given addresses."
  }
}

run "webhooks_get_the_common_schema_and_a_token_if_they_want_one" {
  command = plan

  variables {
    webhooks = {
      own   = { uri = "https://alerts.example.org", entra = { identifier_uri = "api://alerts", object_id = "00000000-0000-0000-0000-00000000e001", tenant_id = "00000000-0000-0000-0000-00000000b001" } }
      pager = { uri = "https://pager.example.org/in" }
    }
  }

  assert {
    condition = alltrue([
      [for receiver in azapi_resource.recipients.body.properties.webhookReceivers : receiver.useAadAuth] == [true, false],
      azapi_resource.recipients.body.properties.webhookReceivers[0].identifierUri == "api://alerts",
      alltrue([for receiver in azapi_resource.recipients.body.properties.webhookReceivers : receiver.useCommonAlertSchema]),
    ])
    error_message = "The action group must call each webhook."
  }
}

run "a_webhook_without_encryption_is_rejected" {
  command = plan

  variables {
    webhooks = { pager = { uri = "http://pager.example.org" } }
  }

  expect_failures = [var.webhooks]
}

run "the_short_name_has_12_characters_at_most" {
  command = plan

  variables {
    name = "a-name-that-is-long"
  }

  assert {
    condition     = length(azapi_resource.recipients.body.properties.groupShortName) == 12
    error_message = "An action group's short name has 12 characters at most."
  }
}

run "a_malformed_address_is_rejected" {
  command = plan

  variables {
    emails = ["operations"]
  }

  expect_failures = [var.emails]
}

run "a_probe_by_http_is_rejected" {
  command = plan

  variables {
    health_url = "http://api.numbers.example.org/health"
  }

  expect_failures = [var.health_url]
}

run "alerts_on_logs_have_the_action_group" {
  command = plan

  assert {
    condition = alltrue([
      for alert in values(azapi_resource.log_alert) : alltrue([
        one(alert.body.properties.actions.actionGroups) == azapi_resource.recipients.id,
        one(alert.body.properties.scopes) == var.workspace_id,
        length(split(":", alert.body.properties.description)) > 1,
      ])
    ])
    error_message = "Alerts on logs need the same recipients and a description."
  }
}

run "a_timer_without_a_success_raises_an_alert" {
  command = plan

  assert {
    condition = alltrue([
      setsubtract(keys(azapi_resource.log_alert), keys(local.cluster_alerts)) == toset(["timer_scale", "timer_postfacto_backup", "quota"]),
      azapi_resource.log_alert["timer_scale"].body.properties.windowSize == "PT1H",
      azapi_resource.log_alert["timer_postfacto_backup"].body.properties.windowSize == "P2D",
      strcontains(one(azapi_resource.log_alert["timer_postfacto_backup"].body.properties.criteria.allOf).query, "ago(26h) and OperationName == 'postfacto_backup' and Success"),
    ])
    error_message = "A timer that stops logs no error, so a missing success must raise an alert."
  }
}

run "the_database_has_alerts" {
  command = plan

  assert {
    condition     = setintersection(["is_db_alive", "cpu_percent", "storage_percent"], [for alert in values(azapi_resource.metric_alert) : one(alert.body.properties.criteria.allOf).metricName]) == toset(["is_db_alive", "cpu_percent", "storage_percent"])
    error_message = "The app's database needs alerts on its reachability, processor and disk."
  }
}

run "a_month_has_a_budget" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.budget.body.properties.amount == 500,
      keys(azapi_resource.budget.body.properties.notifications) == ["actual", "forecasted"],
      alltrue([for notification in values(azapi_resource.budget.body.properties.notifications) : one(notification.contactGroups) == azapi_resource.recipients.id]),
    ])
    error_message = "Actual and forecast costs must raise an alert before the bill."
  }
}

run "a_budget_from_mid_month_is_rejected" {
  command = plan

  variables {
    budget = { amount = 500, start = "2026-12-15" }
  }

  expect_failures = [var.budget]
}

run "a_timer_beyond_48_hours_is_rejected" {
  command = plan

  variables {
    timer_hours = { postfacto_restore_drill = 192 }
  }

  expect_failures = [var.timer_hours]
}

run "the_cluster_has_alerts" {
  command = plan

  assert {
    condition     = length(setsubtract(["archiving", "base_backup", "certificate", "observer", "postfacto", "volume"], keys(azapi_resource.log_alert))) == 0
    error_message = "Without alerts, faults of the cluster stay unnoticed."
  }
}

run "reaching_the_daily_quota_raises_an_alert" {
  command = plan

  assert {
    condition     = strcontains(one(azapi_resource.log_alert["quota"].body.properties.criteria.allOf).query, "OverQuota")
    error_message = "After the daily quota no other alert on logs can fire, so reaching it must raise one."
  }
}
