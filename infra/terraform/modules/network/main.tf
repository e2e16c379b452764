resource "azurerm_virtual_network" "this" {
  name                = "vnet-${var.name}"
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = [var.address_space]
  tags                = var.tags
}

# The cluster's nodes. Its pods have addresses of their own behind those of the nodes.
resource "azurerm_subnet" "nodes" {
  name                            = "snet-${var.name}-nodes"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.this.name
  address_prefixes                = [local.prefixes.nodes]
  default_outbound_access_enabled = false
}

# The addresses of the cluster's internal load balancer.
resource "azurerm_subnet" "internal" {
  name                            = "snet-${var.name}-internal"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.this.name
  address_prefixes                = [local.prefixes.internal]
  default_outbound_access_enabled = false
}

resource "azurerm_subnet" "postgres" {
  name                            = "snet-${var.name}-postgres"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.this.name
  address_prefixes                = [local.prefixes.postgres]
  default_outbound_access_enabled = false

  delegation {
    name = "postgres"

    service_delegation {
      name    = "Microsoft.DBforPostgreSQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "private_endpoints" {
  name                              = "snet-${var.name}-private-endpoints"
  resource_group_name               = var.resource_group_name
  virtual_network_name              = azurerm_virtual_network.this.name
  address_prefixes                  = [local.prefixes.private_endpoints]
  default_outbound_access_enabled   = false
  private_endpoint_network_policies = "NetworkSecurityGroupEnabled"
}

# Flex Consumption delegates to Microsoft.App/environments, and not to Microsoft.Web/serverFarms as other
# plans do. The platform's own way out to Entra and the Resource Manager stays open.
resource "azurerm_subnet" "functions" {
  name                 = "snet-${var.name}-functions"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [local.prefixes.functions]

  delegation {
    name = "functions"

    service_delegation {
      name    = "Microsoft.App/environments"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_network_security_group" "this" {
  for_each = local.openings

  name                = "nsg-${var.name}-${replace(each.key, "_", "-")}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  dynamic "security_rule" {
    for_each = each.value

    content {
      name                       = "allow-${security_rule.value.name}"
      access                     = "Allow"
      direction                  = "Inbound"
      priority                   = 100 + 10 * security_rule.key
      protocol                   = security_rule.value.protocol
      destination_address_prefix = "*"
      destination_port_ranges    = security_rule.value.ports
      source_address_prefix      = security_rule.value.source
      source_port_range          = "*"
    }
  }

  security_rule {
    name                       = "deny-the-rest-of-the-network"
    access                     = "Deny"
    direction                  = "Inbound"
    priority                   = 4000
    protocol                   = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
    source_address_prefix      = "VirtualNetwork"
    source_port_range          = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = {
    nodes             = azurerm_subnet.nodes.id
    postgres          = azurerm_subnet.postgres.id
    private_endpoints = azurerm_subnet.private_endpoints.id
    functions         = azurerm_subnet.functions.id
  }

  subnet_id                 = each.value
  network_security_group_id = azurerm_network_security_group.this[each.key].id
}
