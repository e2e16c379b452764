resource "azurerm_cdn_frontdoor_custom_domain" "this" {
  name                     = "custom"
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.this.id
  host_name                = "${var.host_label}.${var.dns_zone.name}"
  dns_zone_id              = var.dns_zone.id

  tls {
    certificate_type = "ManagedCertificate"
  }
}

resource "azurerm_cdn_frontdoor_custom_domain_association" "this" {
  cdn_frontdoor_custom_domain_id = azurerm_cdn_frontdoor_custom_domain.this.id
  cdn_frontdoor_route_ids        = [azurerm_cdn_frontdoor_route.this.id]
}

# Azure reads this proof of ownership before it issues the certificate, and before each renewal.
resource "azurerm_dns_txt_record" "validation" {
  name                = "_dnsauth.${var.host_label}"
  resource_group_name = var.dns_zone.resource_group_name
  ttl                 = 3600
  zone_name           = var.dns_zone.name
  tags                = var.tags

  record {
    value = azurerm_cdn_frontdoor_custom_domain.this.validation_token
  }
}

resource "azurerm_dns_cname_record" "this" {
  name                = var.host_label
  resource_group_name = var.dns_zone.resource_group_name
  ttl                 = 300
  zone_name           = var.dns_zone.name
  record              = azurerm_cdn_frontdoor_endpoint.this.host_name
  tags                = var.tags
}
