mock_provider "azurerm" {
  source          = "../../mocks/azurerm"
  override_during = plan
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

run "the_firewall_is_in_prevention_mode" {
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

run "a_client_has_a_rate_limit" {
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

run "the_firewall_covers_both_names" {
  command = plan

  assert {
    condition = toset([
      for domain in azurerm_cdn_frontdoor_security_policy.this.security_policies[0].firewall[0].association[0].domain : domain.cdn_frontdoor_domain_id
    ]) == toset([azurerm_cdn_frontdoor_endpoint.this.id, azurerm_cdn_frontdoor_custom_domain.this.id])
    error_message = "Requests to Azure's own name of the endpoint would bypass the firewall."
  }
}

run "the_probe_needs_no_database" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_cdn_frontdoor_origin_group.this.health_probe[0].path == "/health/live",
      azurerm_cdn_frontdoor_origin_group.this.health_probe[0].request_type == "GET",
      azurerm_cdn_frontdoor_origin_group.this.health_probe[0].protocol == "Https",
    ])
    error_message = "An old backup must not take the API offline."
  }
}

run "https_is_required" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_cdn_frontdoor_route.this.forwarding_protocol == "HttpsOnly",
      azurerm_cdn_frontdoor_route.this.https_redirect_enabled,
      azurerm_cdn_frontdoor_route.this.supported_protocols == toset(["Http", "Https"]),
      azurerm_cdn_frontdoor_origin.this.certificate_name_check_enabled,
    ])
    error_message = "HTTP must be redirected, and the origin must prove its name by its certificate."
  }
}

run "the_custom_domain_has_its_two_records" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_cdn_frontdoor_custom_domain.this.host_name == "api.numbers.example.org",
      azurerm_dns_txt_record.validation.name == "_dnsauth.api",
      one(azurerm_dns_txt_record.validation.record).value == "example-token",
      azurerm_dns_cname_record.this.record == "numbers-test-x.z01.azurefd.net",
      output.url == "https://api.numbers.example.org",
    ])
    error_message = "Without both records, the domain has no certificate or no address."
  }
}

run "page_metrics_and_the_hosts_paths_are_closed_without_addresses" {
  command = plan

  assert {
    condition = alltrue([
      for rule in slice(azurerm_cdn_frontdoor_firewall_policy.this.custom_rule, 1, 3) :
      rule.action == "Block" && length(rule.match_condition) == 1 && rule.priority < azurerm_cdn_frontdoor_firewall_policy.this.custom_rule[0].priority
    ])
    error_message = "Without addresses, the rule must block every caller."
  }
}

run "closed_paths_are_those_of_operators" {
  command = plan

  assert {
    condition = alltrue([
      for path in ["/ops", "/ops?code=x", "/ops/action", "/admin/functions/scale", "/runtime/webhooks", "/metrics", "//ops"] : anytrue([
        for rule in slice(azurerm_cdn_frontdoor_firewall_policy.this.custom_rule, 1, 3) :
        can(regex(rule.match_condition[0].match_values[0], "https://api.numbers.example.org:443${path}"))
      ])
    ])
    error_message = "The page, the metrics and the host's own paths must match."
  }

  assert {
    condition = !anytrue([
      for path in ["/", "/health", "/item", "/item/1?after=/ops", "/run-due", "/scale/plan", "/opsx", "/metricsx"] : anytrue([
        for rule in slice(azurerm_cdn_frontdoor_firewall_policy.this.custom_rule, 1, 3) :
        can(regex(rule.match_condition[0].match_values[0], "https://api.numbers.example.org:443${path}"))
      ])
    ])
    error_message = "The API, the health check and the second clock must stay open."
  }
}

run "operators_reach_the_page_and_prometheus_only_the_metrics" {
  command = plan

  variables {
    operator_ip_ranges = ["198.51.100.0/24"]
    metrics_ip_ranges  = ["203.0.113.7/32"]
  }

  assert {
    condition = {
      for rule in slice(azurerm_cdn_frontdoor_firewall_policy.this.custom_rule, 1, 3) :
      rule.name => rule.match_condition[1].match_values if rule.match_condition[1].negation_condition && rule.match_condition[1].match_variable == "SocketAddr"
      } == {
      metrics   = tolist(["198.51.100.0/24", "203.0.113.7/32"])
      operators = tolist(["198.51.100.0/24"])
    }
    error_message = "The rules must block all other addresses, by the connection's address, which a header cannot set."
  }
}

run "the_whole_internet_as_operator_is_rejected" {
  command = plan

  variables {
    operator_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.operator_ip_ranges]
}

run "the_second_clock_has_time_for_its_runs" {
  command = plan

  assert {
    condition     = azurerm_cdn_frontdoor_profile.this.response_timeout_seconds >= 230
    error_message = "/run-due responds after its runs."
  }
}

run "two_labels_are_rejected" {
  command = plan

  variables {
    host_label = "api.v1"
  }

  expect_failures = [var.host_label]
}

run "a_probe_every_second_is_rejected" {
  command = plan

  variables {
    probe_interval_seconds = 1
  }

  expect_failures = [var.probe_interval_seconds]
}

run "a_limit_of_one_request_is_rejected" {
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
    error_message = "Failed requests and those that the firewall rejects must be in a log."
  }
}
