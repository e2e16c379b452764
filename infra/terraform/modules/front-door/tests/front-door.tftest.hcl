mock_provider "azurerm" {
  override_during = plan

  mock_resource "azurerm_cdn_frontdoor_profile" {
    defaults = {
      id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Cdn/profiles/afd"
      resource_guid = "00000000-0000-0000-0000-00000000fd01"
    }
  }

  mock_resource "azurerm_cdn_frontdoor_endpoint" {
    defaults = {
      id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Cdn/profiles/afd/afdEndpoints/numbers-test"
      host_name = "numbers-test-x.z01.azurefd.net"
    }
  }

  mock_resource "azurerm_cdn_frontdoor_custom_domain" {
    defaults = {
      id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Cdn/profiles/afd/customDomains/custom"
      validation_token = "example-token"
    }
  }
}

variables {
  name                = "numbers-test"
  resource_group_name = "rg-numbers-test"
  origin_host         = "func-numbers-test.azurewebsites.net"
  workspace_id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
  dns_zone = {
    id                  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-dns/providers/Microsoft.Network/dnsZones/numbers.example.org"
    name                = "numbers.example.org"
    resource_group_name = "rg-dns"
  }
}

run "the_firewall_prevents" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_cdn_frontdoor_firewall_policy.this.mode == "Prevention",
      azurerm_cdn_frontdoor_firewall_policy.this.sku_name == "Premium_AzureFrontDoor",
      azurerm_cdn_frontdoor_firewall_policy.this.request_body_check_enabled,
      alltrue([for rules in azurerm_cdn_frontdoor_firewall_policy.this.managed_rule : rules.action == "Block"]),
    ])
    error_message = "Detection alone lets every attack through."
  }
}

run "the_firewall_has_microsofts_rules" {
  command = plan

  assert {
    condition = {
      for rules in azurerm_cdn_frontdoor_firewall_policy.this.managed_rule : rules.type => rules.version
      } == {
      Microsoft_DefaultRuleSet    = "2.1"
      Microsoft_BotManagerRuleSet = "1.1"
    }
    error_message = "Both sets of rules must be on."
  }
}

run "one_client_cannot_ask_without_end" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_cdn_frontdoor_firewall_policy.this.custom_rule[0].type == "RateLimitRule",
      azurerm_cdn_frontdoor_firewall_policy.this.custom_rule[0].action == "Block",
      azurerm_cdn_frontdoor_firewall_policy.this.custom_rule[0].rate_limit_threshold == 300,
    ])
    error_message = "The rate limit must block."
  }
}

run "the_firewall_stands_before_both_names" {
  command = plan

  assert {
    condition = toset([
      for domain in azurerm_cdn_frontdoor_security_policy.this.security_policies[0].firewall[0].association[0].domain : domain.cdn_frontdoor_domain_id
    ]) == toset([azurerm_cdn_frontdoor_endpoint.this.id, azurerm_cdn_frontdoor_custom_domain.this.id])
    error_message = "Azure's own name of the endpoint would be a way around."
  }
}

run "the_probe_asks_what_touches_no_database" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_cdn_frontdoor_origin_group.this.health_probe[0].path == "/health/live",
      azurerm_cdn_frontdoor_origin_group.this.health_probe[0].request_type == "GET",
      azurerm_cdn_frontdoor_origin_group.this.health_probe[0].protocol == "Https",
    ])
    error_message = "An old backup must not take the API away."
  }
}

run "nothing_travels_in_the_clear" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_cdn_frontdoor_route.this.forwarding_protocol == "HttpsOnly",
      azurerm_cdn_frontdoor_route.this.https_redirect_enabled,
      azurerm_cdn_frontdoor_route.this.supported_protocols == toset(["Http", "Https"]),
      azurerm_cdn_frontdoor_origin.this.certificate_name_check_enabled,
    ])
    error_message = "HTTP is there to be redirected, and the origin must show its certificate."
  }
}

run "the_custom_domain_is_proved_and_found" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_cdn_frontdoor_custom_domain.this.host_name == "api.numbers.example.org",
      azurerm_dns_txt_record.validation.name == "_dnsauth.api",
      one(azurerm_dns_txt_record.validation.record).value == "example-token",
      azurerm_dns_cname_record.this.record == "numbers-test-x.z01.azurefd.net",
      output.url == "https://api.numbers.example.org",
    ])
    error_message = "Without both records there is no certificate, or no way there."
  }
}

run "two_labels_are_refused" {
  command = plan

  variables {
    host_label = "api.v1"
  }

  expect_failures = [var.host_label]
}

run "a_probe_every_second_is_refused" {
  command = plan

  variables {
    probe_interval_seconds = 1
  }

  expect_failures = [var.probe_interval_seconds]
}

run "a_limit_that_shuts_everyone_out_is_refused" {
  command = plan

  variables {
    rate_limit_per_minute = 1
  }

  expect_failures = [var.rate_limit_per_minute]
}

run "requests_and_decisions_of_the_firewall_are_logged" {
  command = plan

  assert {
    condition = toset([for log in azurerm_monitor_diagnostic_setting.this.enabled_log : log.category]) == toset([
      "FrontDoorAccessLog", "FrontDoorHealthProbeLog", "FrontDoorWebApplicationFirewallLog",
    ])
    error_message = "A request that failed, or that the firewall stopped, must be found afterwards."
  }
}
