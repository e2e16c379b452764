mock_provider "azurerm" {
  source          = "../../mocks/azurerm"
  override_during = plan
}

mock_provider "azapi" {
  source          = "../../mocks/azapi"
  override_during = plan
}

variables {
  name               = "numbers-test"
  location           = "westeurope"
  function_app_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Web/sites/func"
  role_definition_id = "/providers/Microsoft.Authorization/roleDefinitions/second-clock"
  url                = "https://api.numbers.example.org/run-due"
  resource_group = {
    id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
    name = "rg"
  }
}

run "the_key_is_read_by_identity_and_hidden_in_the_history" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.this.body.properties.definition.actions.key.inputs.authentication.type == "ManagedServiceIdentity",
      azapi_resource.this.body.properties.definition.actions.key.inputs.authentication.identity == azurerm_user_assigned_identity.this.id,
      azapi_resource.this.body.properties.definition.actions.key.inputs.uri == "https://management.azure.com${var.function_app_id}/functions/run_due/listkeys?api-version=2025-03-01",
      contains(azapi_resource.this.body.properties.definition.actions.key.runtimeConfiguration.secureData.properties, "outputs"),
      contains(azapi_resource.this.body.properties.definition.actions.run_due.runtimeConfiguration.secureData.properties, "inputs"),
    ])
    error_message = "No file, state or history may have the key."
  }
}

run "run_due_is_called_with_the_key" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.this.body.properties.definition.actions.run_due.inputs.method == "POST",
      azapi_resource.this.body.properties.definition.actions.run_due.inputs.uri == var.url,
      azapi_resource.this.body.properties.definition.actions.run_due.inputs.headers.x-functions-key == "@{body('key')?['default']}",
      azapi_resource.this.body.properties.definition.triggers.clock.recurrence == { frequency = "Minute", interval = 15 },
    ])
    error_message = "The second clock is one request, with the function's key."
  }
}

run "the_clock_has_one_role_on_the_app" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_role_assignment.keys.scope == var.function_app_id,
      azurerm_role_assignment.keys.role_definition_id == var.role_definition_id,
      azurerm_role_assignment.keys.principal_id == azurerm_user_assigned_identity.this.principal_id,
    ])
    error_message = "It reads keys, and nothing else."
  }
}

run "a_call_each_minute_is_rejected" {
  command = plan

  variables {
    minutes = 1
  }

  expect_failures = [var.minutes]
}

run "an_address_without_encryption_is_rejected" {
  command = plan

  variables {
    url = "http://api.numbers.example.org/run-due"
  }

  expect_failures = [var.url]
}
