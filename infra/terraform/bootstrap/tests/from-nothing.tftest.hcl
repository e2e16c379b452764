# Without mocked ids of resources that do not exist yet.
mock_provider "azurerm" {}

run "nothing_to_create_depends_on_unknown_values" {
  command = plan

  assert {
    condition     = keys(output.environments) == ["prod", "test"]
    error_message = "The first apply must be able to plan everything."
  }
}
