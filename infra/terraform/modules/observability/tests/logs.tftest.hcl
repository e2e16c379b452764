mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

variables {
  name                = "numbers-test"
  resource_group_name = "rg-numbers-test"
  location            = "westeurope"
}

run "writing_with_a_key_is_off" {
  command = plan

  assert {
    condition     = !azurerm_log_analytics_workspace.this.local_authentication_enabled && !azurerm_application_insights.this.local_authentication_enabled
    error_message = "With keys, a holder of the connection string could write, and with the workspace's key do more."
  }
}

run "the_workspace_has_a_daily_quota" {
  command = plan

  assert {
    condition     = azurerm_log_analytics_workspace.this.daily_quota_gb == 1
    error_message = "A program that logs in a loop must not cost without limit."
  }
}

run "a_quota_of_zero_is_rejected" {
  command = plan

  variables {
    daily_quota_gb = 0
  }

  expect_failures = [var.daily_quota_gb]
}

run "a_week_of_retention_is_rejected" {
  command = plan

  variables {
    retention_days = 7
  }

  expect_failures = [var.retention_days]
}
