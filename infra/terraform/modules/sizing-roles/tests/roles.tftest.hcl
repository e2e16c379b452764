mock_provider "azurerm" {}

variables {
  name              = "numbers-test"
  resource_group_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test"
}

run "no_role_deletes_and_none_has_a_wildcard" {
  command = plan

  assert {
    condition = alltrue([
      for action in flatten([for role in azurerm_role_definition.this : role.permissions[0].actions]) :
      !strcontains(action, "*") && !endswith(lower(action), "/delete")
    ])
    error_message = "The app may only read, write and join."
  }
}

run "the_node_pools_role_covers_node_pools_only" {
  command = plan

  assert {
    condition = toset(azurerm_role_definition.this["node_pool"].permissions[0].actions) == toset([
      "Microsoft.ContainerService/managedClusters/agentPools/read",
      "Microsoft.ContainerService/managedClusters/agentPools/write",
    ])
    error_message = "The role must not cover the cluster itself."
  }
}

run "a_writer_may_join_the_named_resources" {
  command = plan

  assert {
    condition = {
      for key in ["plan", "subnet", "identity"] : key => one(azurerm_role_definition.this[key].permissions[0].actions)
      } == {
      plan     = "Microsoft.Web/serverFarms/join/action"
      subnet   = "Microsoft.Network/virtualNetworks/subnets/join/action"
      identity = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
    }
    error_message = "Without these a PUT fails with LinkedAuthorizationFailed."
  }
}

run "the_roles_are_for_one_resource_group" {
  command = plan

  assert {
    condition     = alltrue([for role in azurerm_role_definition.this : role.assignable_scopes == tolist([var.resource_group_id])])
    error_message = "Another environment has its own roles."
  }
}

run "a_whole_subscription_is_rejected" {
  command = plan

  variables {
    resource_group_id = "/subscriptions/00000000-0000-0000-0000-000000000000"
  }

  expect_failures = [var.resource_group_id]
}
