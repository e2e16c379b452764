# What must be there before a pipeline can make an environment, and what must outlive one: applied by a
# person who owns the subscription.

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

# A group of its own: external-dns may list what is in it.
resource "azurerm_resource_group" "dns" {
  for_each = local.names

  name     = "rg-${each.value}-dns"
  location = var.location
  tags     = var.tags
}

# The delegation is made by hand at the parent's, so the zone outlives its environment.
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

# The pipeline may set a lock and not lift it: a plan that would delete what is locked fails.
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

# azurerm looks for deleted workspaces and vaults of a name before it makes one, and for the ids of roles by
# their names. Azure offers the three at the subscription only.
resource "azurerm_role_definition" "lookups" {
  name              = "${var.project} lookups"
  scope             = local.subscription
  assignable_scopes = [local.subscription]
  description       = "What Terraform looks up in the subscription to plan and apply an environment"

  permissions {
    actions = [
      "Microsoft.Authorization/roleDefinitions/read",
      "Microsoft.KeyVault/locations/deletedVaults/read",
      "Microsoft.OperationalInsights/deletedworkspaces/read",
    ]
  }
}
