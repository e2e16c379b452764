mock_provider "azurerm" {
  source          = "../mocks/azurerm"
  override_during = plan
}

override_resource {
  target          = azurerm_resource_group.environment["test"]
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-magnus-test"
  }
}

override_resource {
  target          = azurerm_resource_group.environment["prod"]
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-magnus-prod"
  }
}

override_resource {
  target          = azurerm_resource_group.dns
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-dns"
  }
}

run "each_environment_gets_its_values" {
  command = plan

  assert {
    condition = alltrue([
      toset(keys(output.environments)) == toset(["test", "prod"]),
      output.environments.test.name == "magnus-test",
      output.environments.test.resource_group.name == "rg-magnus-test",
      output.environments.test.dns_zone.name == "test.numbers.example.org",
      output.environments.test.dns_zone.resource_group_name == "rg-magnus-test-dns",
      output.environments.prod.dns_zone.name == "prod.numbers.example.org",
      toset(keys(output.environments.test.sizing_role_definition_ids)) == toset(["identity", "node_pool", "plan", "site", "subnet"]),
    ])
    error_message = "The environments take these as their variables."
  }
}

run "the_pipeline_may_assign_listed_roles_to_programs_only" {
  command = plan

  assert {
    condition = alltrue([
      for condition in values(local.grant_conditions) : alltrue([
        strcontains(condition, "ActionMatches{'Microsoft.Authorization/roleAssignments/write'}"),
        strcontains(condition, "ActionMatches{'Microsoft.Authorization/roleAssignments/delete'}"),
        strcontains(condition, "@Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}"),
        strcontains(condition, "@Resource[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}"),
        alltrue([for id in concat(values(local.assignable_roles), ["00000000-0000-0000-0000-00000000e001"]) : length(split(id, condition)) >= 3]),
      ])
    ])
    error_message = "Without the condition the pipeline could make itself owner."
  }
}

run "no_assignable_role_may_assign_roles" {
  command = plan

  assert {
    condition = length(setintersection(values(local.assignable_roles), [
      "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", # Owner
      "b24988ac-6180-42a0-ab88-20f7382dd24c", # Contributor
      "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", # User Access Administrator
      "f58310d9-a9f6-439a-9e8d-f62e7b41a168", # Role Based Access Control Administrator
    ])) == 0
    error_message = "These roles are for people only."
  }
}

run "the_pipeline_may_set_a_lock_and_not_lift_it" {
  command = plan

  assert {
    condition     = toset(azurerm_role_definition.lock["prod"].permissions[0].actions) == toset(["Microsoft.Authorization/locks/read", "Microsoft.Authorization/locks/write"])
    error_message = "A pipeline that can lift a lock is not stopped by it."
  }
}

run "operators_are_the_given_group" {
  command = plan

  assert {
    condition = alltrue([
      alltrue([for role in azurerm_role_assignment.operators : role.principal_id == var.operators.object_id && role.principal_type == "Group"]),
      length(azurerm_role_assignment.operators) == 10,
      output.environments.prod.database_administrator == { object_id = var.operators.object_id, name = "numbers-operators", type = "Group" },
    ])
    error_message = "An owner of the subscription may read no secret, no backup and no pod: operators need roles of their own."
  }
}

run "zones_have_their_own_resource_group" {
  command = plan

  assert {
    condition     = azurerm_resource_group.dns["test"].name != azurerm_resource_group.environment["test"].name
    error_message = "external-dns may read the whole group of its zone."
  }
}

run "another_set_of_environments_is_complete" {
  command = plan

  variables {
    environments = ["test"]
  }

  assert {
    condition     = keys(output.pipeline) == ["test"] && keys(output.environments) == ["test"]
    error_message = "Outputs must follow the set of environments."
  }
}

run "another_pipeline_can_apply_an_environment" {
  command = plan

  variables {
    other_credentials = {
      test = {
        azure-pipelines = {
          issuer  = "https://login.microsoftonline.com/00000000-0000-0000-0000-00000000b001/v2.0"
          subject = "/eid1/c/pub/t/x/a/y/sc/organisation/connection"
        }
      }
    }
  }

  assert {
    condition     = output.pipeline.test.apply != ""
    error_message = "Both pipelines must act as the same identity."
  }
}

run "credentials_of_an_unknown_environment_are_rejected" {
  command = plan

  variables {
    other_credentials = { staging = {} }
  }

  expect_failures = [var.other_credentials]
}

run "a_name_too_long_for_storage_accounts_is_rejected" {
  command = plan

  variables {
    environments = ["production"]
  }

  expect_failures = [var.environments]
}

run "a_project_with_a_hyphen_is_rejected" {
  command = plan

  variables {
    project = "my-app"
  }

  expect_failures = [var.project]
}

run "plan_and_apply_have_three_reads_in_the_subscription" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_role_definition.lookups.scope == "/subscriptions/${var.subscription_id}",
      toset(azurerm_role_definition.lookups.permissions[0].actions) == toset([
        "Microsoft.Authorization/roleDefinitions/read",
        "Microsoft.KeyVault/locations/deletedVaults/read",
        "Microsoft.OperationalInsights/deletedworkspaces/read",
      ]),
    ])
    error_message = "azurerm makes these three reads; no other action belongs at the subscription."
  }
}

run "the_diff_identity_only_reads" {
  command = plan

  assert {
    condition = alltrue([
      toset(keys(output.pipeline.test)) == toset(["apply", "diff", "plan"]),
      alltrue([for role in azurerm_role_definition.cluster_objects : toset(role.permissions[0].data_actions) == toset(["Microsoft.ContainerService/managedClusters/*/read"]) && try(length(role.permissions[0].actions), 0) == 0]),
    ])
    error_message = "A pull request's code runs as this identity."
  }
}
