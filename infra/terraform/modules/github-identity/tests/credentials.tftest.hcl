mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

variables {
  name                = "id-numbers-test-apply"
  resource_group_name = "rg-numbers-bootstrap"
  location            = "westeurope"
  github_environments = ["test"]
  repository = {
    owner    = "Example"
    name     = "numbers"
    owner_id = 1
    id       = 2
  }
}

run "the_subject_has_the_ids_of_owner_and_repository" {
  command = plan

  assert {
    condition     = azurerm_federated_identity_credential.this["github-test"].subject == "repo:Example@1/numbers@2:environment:test"
    error_message = "GitHub writes subjects with the ids of owner and repository."
  }

  assert {
    condition = alltrue([
      azurerm_federated_identity_credential.this["github-test"].issuer == "https://token.actions.githubusercontent.com",
      azurerm_federated_identity_credential.this["github-test"].audience == tolist(["api://AzureADTokenExchange"]),
    ])
    error_message = "The token must be GitHub's, and made for Entra."
  }
}

run "a_repository_without_ids_has_the_old_subject" {
  command = plan

  variables {
    repository = {
      owner = "Example"
      name  = "numbers"
    }
  }

  assert {
    condition     = azurerm_federated_identity_credential.this["github-test"].subject == "repo:Example/numbers:environment:test"
    error_message = "A repository from before the change has only names."
  }
}

run "another_pipeline_can_act_as_the_same_identity" {
  command = plan

  variables {
    other_credentials = {
      azure-pipelines = {
        issuer  = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0"
        subject = "/eid1/c/pub/t/x/a/y/sc/organisation/connection"
      }
    }
  }

  assert {
    condition     = toset(keys(azurerm_federated_identity_credential.this)) == toset(["github-test", "azure-pipelines"])
    error_message = "Both pipelines must have their credential."
  }
}

run "a_role_keeps_its_condition" {
  command = plan

  variables {
    roles = {
      grants = {
        scope                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
        role_definition_name = "Role Based Access Control Administrator"
        condition            = "(!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'}))"
      }
    }
  }

  assert {
    condition = alltrue([
      azurerm_role_assignment.this["grants"].condition_version == "2.0",
      azurerm_role_assignment.this["grants"].principal_type == "ServicePrincipal",
      endswith(azurerm_role_assignment.this["grants"].scope, "/resourceGroups/rg"),
    ])
    error_message = "The condition must reach Azure, with its version."
  }
}

run "one_of_the_two_ids_is_rejected" {
  command = plan

  variables {
    repository = {
      owner = "Example"
      name  = "numbers"
      id    = 2
    }
  }

  expect_failures = [var.repository]
}

run "an_owner_is_rejected" {
  command = plan

  variables {
    roles = {
      all = {
        scope                = "/subscriptions/00000000-0000-0000-0000-000000000000"
        role_definition_name = "Owner"
      }
    }
  }

  expect_failures = [var.roles]
}

run "administering_roles_without_a_condition_is_rejected" {
  command = plan

  variables {
    roles = {
      grants = {
        scope                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
        role_definition_name = "Role Based Access Control Administrator"
      }
    }
  }

  expect_failures = [var.roles]
}

run "a_role_with_a_name_and_an_id_is_rejected" {
  command = plan

  variables {
    roles = {
      both = {
        scope                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
        role_definition_name = "Reader"
        role_definition_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions/x"
      }
    }
  }

  expect_failures = [var.roles]
}

run "a_wildcard_subject_is_rejected" {
  command = plan

  variables {
    other_credentials = {
      anybody = {
        issuer  = "https://token.actions.githubusercontent.com"
        subject = "repo:Example/*"
      }
    }
  }

  expect_failures = [var.other_credentials]
}
