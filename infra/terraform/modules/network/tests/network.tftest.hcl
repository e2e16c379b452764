mock_provider "azurerm" {
  source          = "../../mocks/azurerm"
  override_during = plan
}

variables {
  name                = "numbers-test"
  resource_group_name = "rg-numbers-test"
  location            = "westeurope"
}

run "the_subnets_are_in_the_space_and_disjoint" {
  command = plan

  assert {
    condition = {
      for name, subnet in output.subnets : name => subnet.prefix
      } == {
      nodes             = "10.20.0.0/22"
      postgres          = "10.20.8.0/28"
      private_endpoints = "10.20.9.0/27"
      functions         = "10.20.10.0/26"
      internal          = "10.20.11.0/27"
    }
    error_message = "The subnets must keep their addresses: a move replaces the resources in them."
  }
}

run "the_functions_subnet_has_the_delegation_of_flex_consumption" {
  command = plan

  assert {
    condition     = azurerm_subnet.functions.delegation[0].service_delegation[0].name == "Microsoft.App/environments"
    error_message = "Microsoft.Web/serverFarms is for other plans."
  }
}

run "the_database_is_open_to_the_app_and_the_nodes_on_one_port" {
  command = plan

  assert {
    condition = {
      for rule in azurerm_network_security_group.this["postgres"].security_rule :
      rule.source_address_prefix => one(rule.destination_port_ranges) if rule.access == "Allow"
      } == {
      "10.20.10.0/26" = "5432"
      "10.20.0.0/22"  = "5432"
      "10.20.8.0/28"  = "5432"
    }
    error_message = "No other source may reach the database."
  }
}

run "only_web_traffic_is_open_to_the_internet" {
  command = plan

  assert {
    condition = [
      for rule in flatten([for group in azurerm_network_security_group.this : tolist(group.security_rule)]) :
      rule.destination_port_ranges if rule.source_address_prefix == "Internet" && rule.access == "Allow"
    ] == [toset(["80", "443"])]
    error_message = "One rule admits the internet, on ports 80 and 443."
  }
}

run "each_group_ends_with_a_rule_that_closes_the_rest" {
  command = plan

  assert {
    condition = alltrue([
      for group in azurerm_network_security_group.this :
      length([for rule in group.security_rule : rule if rule.access == "Deny" && rule.source_address_prefix == "VirtualNetwork" && rule.priority == 4000]) == 1
    ])
    error_message = "Azure's own rules admit all traffic inside a network."
  }
}

run "load_balancers_can_probe_the_nodes_before_the_rest_is_closed" {
  command = plan

  assert {
    condition = length([
      for rule in azurerm_network_security_group.this["nodes"].security_rule :
      rule if rule.access == "Allow" && rule.source_address_prefix == "AzureLoadBalancer" && rule.priority < 4000
    ]) == 1
    error_message = "Probes come from 168.63.129.16, which is part of VirtualNetwork: a node that they cannot reach gets no traffic."
  }
}

run "subnets_have_no_default_outbound_access" {
  command = plan

  assert {
    condition = !anytrue([
      azurerm_subnet.nodes.default_outbound_access_enabled,
      azurerm_subnet.internal.default_outbound_access_enabled,
      azurerm_subnet.postgres.default_outbound_access_enabled,
      azurerm_subnet.private_endpoints.default_outbound_access_enabled,
    ])
    error_message = "Default outbound access must be off."
  }
}

run "the_zone_of_the_database_has_the_required_ending" {
  command = plan

  assert {
    condition     = azurerm_private_dns_zone.this["postgres"].name == "numbers-test.postgres.database.azure.com"
    error_message = "A Flexible Server takes only zones that end in .postgres.database.azure.com."
  }
}

run "a_public_range_is_rejected" {
  command = plan

  variables {
    address_space = "20.0.0.0/16"
  }

  expect_failures = [var.address_space]
}

run "a_range_smaller_than_16_bits_is_rejected" {
  command = plan

  variables {
    address_space = "10.20.0.0/20"
  }

  expect_failures = [var.address_space]
}
