mock_provider "azurerm" {
  mock_resource "azurerm_log_analytics_workspace" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
    }
  }
}

variables {
  name                = "numbers-test"
  resource_group_name = "rg-numbers-test"
  location            = "westeurope"
}

run "nothing_is_written_with_a_key" {
  command = plan

  assert {
    condition     = !azurerm_log_analytics_workspace.this.local_authentication_enabled && !azurerm_application_insights.this.local_authentication_enabled
    error_message = "Whoever holds a connection string could write and, with the workspace's key, more."
  }
}

run "the_bill_has_a_bound" {
  command = plan

  assert {
    condition     = azurerm_log_analytics_workspace.this.daily_quota_gb == 1
    error_message = "A loop that logs must not cost without end."
  }
}

run "a_bound_of_nothing_is_refused" {
  command = plan

  variables {
    daily_quota_gb = 0
  }

  expect_failures = [var.daily_quota_gb]
}

run "a_week_of_retention_is_refused" {
  command = plan

  variables {
    retention_days = 7
  }

  expect_failures = [var.retention_days]
}
