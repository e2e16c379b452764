# The prerequisites of a pipeline, and the resources that outlive an environment. An owner of the subscription applies
# them.

resource "azurerm_resource_group" "bootstrap" {
  name     = "rg-${var.project}-bootstrap"
  location = var.location
  tags     = var.tags
}

module "remote_state" {
  source = "../modules/remote-state"

  name                = "st${var.project}state${var.suffix}"
  resource_group_name = azurerm_resource_group.bootstrap.name
  location            = var.location
  containers          = setunion(["bootstrap"], var.environments)
  tags                = var.tags
}

resource "azurerm_resource_group" "environment" {
  for_each = local.names

  name     = "rg-${each.value}"
  location = var.location
  tags     = var.tags
}

# A group of its own, because external-dns may list its resources.
resource "azurerm_resource_group" "dns" {
  for_each = local.names

  name     = "rg-${each.value}-dns"
  location = var.location
  tags     = var.tags
}

# A person delegates the zone in the parent domain, so the zone outlives its environment.
module "dns_zone" {
  source   = "../modules/dns-zone"
  for_each = local.names

  name                = "${each.key}.${var.domain}"
  resource_group_name = azurerm_resource_group.dns[each.key].name
  tags                = var.tags
}

module "sizing_roles" {
  source   = "../modules/sizing-roles"
  for_each = local.names

  name              = each.value
  resource_group_id = azurerm_resource_group.environment[each.key].id
}

# Reads the keys of an app's functions, for the second clock. The host's master key is another action.
resource "azurerm_role_definition" "second_clock" {
  for_each = local.names

  name              = "${each.value} second clock"
  scope             = azurerm_resource_group.environment[each.key].id
  assignable_scopes = [azurerm_resource_group.environment[each.key].id]
  description       = "Read the keys of an app's functions"

  permissions {
    actions = ["Microsoft.Web/sites/functions/listkeys/action"]
  }
}

# The pipeline may set a lock and not lift it, so a plan that deletes a locked resource fails.
resource "azurerm_role_definition" "lock" {
  for_each = local.names

  name              = "${each.value} locks"
  scope             = azurerm_resource_group.environment[each.key].id
  assignable_scopes = [azurerm_resource_group.environment[each.key].id]
  description       = "Set locks, and do not lift them"

  permissions {
    actions = [
      "Microsoft.Authorization/locks/read",
      "Microsoft.Authorization/locks/write",
    ]
  }
}

# azurerm looks for deleted workspaces and vaults of a name before it creates one, and for the ids of roles by their
# names. Azure offers the three at the subscription only.
resource "azurerm_role_definition" "lookups" {
  name              = "${var.project} lookups"
  scope             = local.subscription
  assignable_scopes = [local.subscription]
  description       = "Reads in the subscription that Terraform needs to plan and apply an environment"

  permissions {
    actions = [
      "Microsoft.Authorization/roleDefinitions/read",
      "Microsoft.KeyVault/locations/deletedVaults/read",
      "Microsoft.OperationalInsights/deletedworkspaces/read",
    ]
  }
}
