# Without the ids that the other tests give to what is not there yet.
mock_provider "azurerm" {}

variables {
  domain          = "numbers.example.org"
  subscription_id = "00000000-0000-0000-0000-00000000a001"
  suffix          = "x1"
  tenant_id       = "00000000-0000-0000-0000-00000000b001"
  operators = {
    object_id = "00000000-0000-0000-0000-00000000d001"
    name      = "numbers-operators"
  }
  repository = {
    owner    = "Example"
    name     = "numbers"
    owner_id = 1
    id       = 2
  }
}

run "nothing_depends_on_what_is_known_only_afterwards" {
  command = plan

  assert {
    condition     = keys(output.environments) == ["prod", "test"]
    error_message = "The first apply must be able to plan everything."
  }
}
