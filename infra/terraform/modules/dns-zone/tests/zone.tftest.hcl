mock_provider "azurerm" {}

variables {
  name                = "numbers.example.org"
  resource_group_name = "rg-numbers-test-dns"
}

run "the_zone_has_the_given_domain" {
  command = plan

  assert {
    condition     = output.name == "numbers.example.org"
    error_message = "The zone must have the requested name."
  }
}

run "a_domain_with_a_dot_at_its_end_is_rejected" {
  command = plan

  variables {
    name = "numbers.example.org."
  }

  expect_failures = [var.name]
}

run "a_single_label_is_rejected" {
  command = plan

  variables {
    name = "localhost"
  }

  expect_failures = [var.name]
}
