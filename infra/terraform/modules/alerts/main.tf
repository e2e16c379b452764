resource "azapi_resource" "recipients" {
  type      = "Microsoft.Insights/actionGroups@2023-01-01"
  name      = "ag-${var.name}"
  parent_id = var.resource_group_id
  location  = "Global"
  body = {
    properties = {
      enabled        = true
      groupShortName = substr(replace(var.name, "-", ""), 0, 12)
      emailReceivers = [
        for email in sort(var.emails) : {
          name                 = email
          emailAddress         = email
          useCommonAlertSchema = true
        }
      ]
      webhookReceivers = [
        for name, webhook in var.webhooks : merge(
          {
            name                 = name
            serviceUri           = webhook.uri
            useAadAuth           = webhook.entra != null
            useCommonAlertSchema = true
          },
          webhook.entra == null ? {} : {
            identifierUri = webhook.entra.identifier_uri
            objectId      = webhook.entra.object_id
            tenantId      = webhook.entra.tenant_id
          },
        )
      ]
    }
  }
  tags = var.tags
}

resource "azapi_resource" "health" {
  type      = "Microsoft.Insights/webtests@2022-06-15"
  name      = "health-${var.name}"
  parent_id = var.resource_group_id
  location  = var.location
  body = {
    kind = "standard"
    properties = {
      Enabled            = true
      Frequency          = 300
      Kind               = "standard"
      Locations          = [for location in local.probe_locations : { Id = location }]
      Name               = "health-${var.name}"
      RetryEnabled       = true
      SyntheticMonitorId = "health-${var.name}"
      Timeout            = 30
      Request = {
        FollowRedirects        = false
        HttpVerb               = "GET"
        ParseDependentRequests = false
        RequestUrl             = var.health_url
      }
      ValidationRules = {
        ExpectedHttpStatusCode        = 200
        SSLCertRemainingLifetimeCheck = 14
        SSLCheck                      = true
      }
    }
  }
  # The portal finds the test by this tag.
  tags = merge(var.tags, { "hidden-link:${var.application_insights_id}" = "Resource" })
}

resource "azapi_resource" "health_alert" {
  type      = "Microsoft.Insights/metricAlerts@2018-03-01"
  name      = "health-${var.name}"
  parent_id = var.resource_group_id
  location  = "Global"
  body = {
    properties = {
      description         = "${var.health_url} does not return 200 to two places: read its response, in which each check names the remedy."
      enabled             = true
      evaluationFrequency = "PT1M"
      scopes              = [azapi_resource.health.id, var.application_insights_id]
      severity            = 1
      windowSize          = "PT15M"
      actions             = [{ actionGroupId = azapi_resource.recipients.id }]
      criteria = {
        "odata.type"        = "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria"
        componentId         = var.application_insights_id
        failedLocationCount = 2
        webTestId           = azapi_resource.health.id
      }
    }
  }
  tags = var.tags
}

resource "azapi_resource" "metric_alert" {
  for_each = local.metric_alerts

  type      = "Microsoft.Insights/metricAlerts@2018-03-01"
  name      = "${each.key}-${var.name}"
  parent_id = var.resource_group_id
  location  = "Global"
  body = {
    properties = {
      description         = each.value.description
      enabled             = true
      evaluationFrequency = "PT5M"
      scopes              = [each.value.scope]
      severity            = each.value.severity
      windowSize          = "PT15M"
      actions             = [{ actionGroupId = azapi_resource.recipients.id }]
      criteria = {
        "odata.type" = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
        allOf = [
          {
            criterionType   = "StaticThresholdCriterion"
            metricName      = each.value.metric
            metricNamespace = each.value.namespace
            name            = each.key
            operator        = each.value.operator
            threshold       = each.value.threshold
            timeAggregation = "Average"
          }
        ]
      }
    }
  }
  tags = var.tags
}

resource "azapi_resource" "log_alert" {
  for_each = local.log_alerts

  type      = "Microsoft.Insights/scheduledQueryRules@2023-12-01"
  name      = "${replace(each.key, "_", "-")}-${var.name}"
  parent_id = var.resource_group_id
  location  = var.location
  body = {
    kind = "LogAlert"
    properties = {
      description         = each.value.description
      displayName         = "${replace(each.key, "_", "-")}-${var.name}"
      enabled             = true
      evaluationFrequency = "PT15M"
      scopes              = [var.workspace_id]
      severity            = each.value.severity
      windowSize          = each.value.window
      actions             = { actionGroups = [azapi_resource.recipients.id] }
      autoMitigate        = true
      # A table exists after its first row, and the alert exists before that.
      skipQueryValidation = true
      criteria = {
        allOf = [
          {
            failingPeriods  = { minFailingPeriodsToAlert = 1, numberOfEvaluationPeriods = 1 }
            operator        = "GreaterThan"
            query           = each.value.query
            threshold       = 0
            timeAggregation = "Count"
          }
        ]
      }
    }
  }
  tags = var.tags
}

resource "azapi_resource" "budget" {
  type      = "Microsoft.Consumption/budgets@2023-11-01"
  name      = "budget-${var.name}"
  parent_id = var.resource_group_id
  body = {
    properties = {
      amount   = var.budget.amount
      category = "Cost"
      notifications = {
        for kind in ["Actual", "Forecasted"] : lower(kind) => {
          contactEmails = sort(var.emails)
          contactGroups = [azapi_resource.recipients.id]
          enabled       = true
          operator      = "GreaterThan"
          threshold     = 100
          thresholdType = kind
        }
      }
      timeGrain  = "Monthly"
      timePeriod = { startDate = "${var.budget.start}T00:00:00Z" }
    }
  }
}
