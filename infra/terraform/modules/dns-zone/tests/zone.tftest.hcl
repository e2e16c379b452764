mock_provider "azurerm" {}

variables {
  name                = "numbers.example.org"
  resource_group_name = "rg-numbers-test-dns"
}

run "the_zone_has_the_domain_it_was_given" {
  command = plan

  assert {
    condition     = output.name == "numbers.example.org"
    error_message = "The zone must be the one that was asked for."
  }
}

run "a_domain_with_a_dot_at_its_end_is_refused" {
  command = plan

  variables {
    name = "numbers.example.org."
  }

  expect_failures = [var.name]
}

run "a_single_label_is_refused" {
  command = plan

  variables {
    name = "localhost"
  }

  expect_failures = [var.name]
}
