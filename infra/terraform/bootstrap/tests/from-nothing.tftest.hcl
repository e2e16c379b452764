# Without the ids that the other tests give to what is not there yet.
mock_provider "azurerm" {}

run "nothing_depends_on_what_is_known_only_afterwards" {
  command = plan

  assert {
    condition     = keys(output.environments) == ["prod", "test"]
    error_message = "The first apply must be able to plan everything."
  }
}
