locals {
  # By rule, first segments of paths, and the only addresses that reach them. The app requires a key for each of these
  # paths; admin and runtime are the Functions host's own, and admin, ops/action too, take its master key.
  closed = {
    operators = { priority = 1, segments = ["admin", "ops", "runtime"], ranges = var.operator_ip_ranges }
    metrics   = { priority = 2, segments = ["metrics"], ranges = setunion(var.operator_ip_ranges, var.metrics_ip_ranges) }
  }
}

resource "azurerm_cdn_frontdoor_firewall_policy" "this" {
  name                              = "waf${replace(var.name, "-", "")}"
  resource_group_name               = var.resource_group_name
  mode                              = "Prevention"
  sku_name                          = azurerm_cdn_frontdoor_profile.this.sku_name
  custom_block_response_status_code = 403
  request_body_check_enabled        = true
  tags                              = var.tags

  custom_rule {
    name                           = "ratelimit"
    action                         = "Block"
    type                           = "RateLimitRule"
    priority                       = 10
    rate_limit_duration_in_minutes = 1
    rate_limit_threshold           = var.rate_limit_per_minute

    match_condition {
      match_values   = []
      match_variable = "RequestUri"
      operator       = "Any"
    }
  }

  dynamic "custom_rule" {
    for_each = local.closed

    content {
      name     = custom_rule.key
      action   = "Block"
      type     = "MatchRule"
      priority = custom_rule.value.priority

      # The firewall compares the whole address, with scheme, host and port.
      match_condition {
        match_values   = ["^(https?://[^/?]*)?/+(${join("|", custom_rule.value.segments)})([/?]|$)"]
        match_variable = "RequestUri"
        operator       = "RegEx"
        transforms     = ["UrlDecode", "Lowercase"]
      }

      dynamic "match_condition" {
        for_each = length(custom_rule.value.ranges) > 0 ? [sort(custom_rule.value.ranges)] : []

        content {
          match_values       = match_condition.value
          match_variable     = "SocketAddr"
          negation_condition = true
          operator           = "IPMatch"
        }
      }
    }
  }

  managed_rule {
    type    = "Microsoft_DefaultRuleSet"
    version = "2.1"
    action  = "Block"
  }

  managed_rule {
    type    = "Microsoft_BotManagerRuleSet"
    version = "1.1"
    action  = "Block"
  }
}

# Both names: without one of them, requests could bypass the firewall.
resource "azurerm_cdn_frontdoor_security_policy" "this" {
  name                     = "waf"
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.this.id

  security_policies {
    firewall {
      cdn_frontdoor_firewall_policy_id = azurerm_cdn_frontdoor_firewall_policy.this.id

      association {
        patterns_to_match = ["/*"]

        domain {
          cdn_frontdoor_domain_id = azurerm_cdn_frontdoor_endpoint.this.id
        }

        domain {
          cdn_frontdoor_domain_id = azurerm_cdn_frontdoor_custom_domain.this.id
        }
      }
    }
  }
}
