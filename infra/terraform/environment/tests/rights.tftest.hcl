mock_provider "azurerm" {
  source          = "../mocks/azurerm"
  override_during = plan
}

mock_provider "azapi" {
  source          = "../mocks/azapi"
  override_during = plan
}

override_resource {
  target          = module.backup_storage.azurerm_storage_container.this["exports"]
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Storage/storageAccounts/st/blobServices/default/containers/exports"
  }
}

override_resource {
  target          = module.backup_storage.azurerm_storage_container.this["schedules"]
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Storage/storageAccounts/st/blobServices/default/containers/schedules"
  }
}

override_resource {
  target          = module.network.azurerm_subnet.functions
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/virtualNetworks/vnet/subnets/functions"
  }
}

override_resource {
  target          = module.network.azurerm_subnet.nodes
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes"
  }
}

variables {
  aks          = { kubernetes_version = "1.35" }
  alert_emails = ["operations@example.org"]
  environment  = "test"
}

run "the_app_has_three_roles_each_on_one_resource" {
  command = plan

  assert {
    condition = {
      for key, role in azurerm_role_assignment.app : role.role_definition_name => basename(role.scope)
      } == {
      "Storage Blob Data Contributor" = "exports"
      "Storage Blob Data Reader"      = "schedules"
      "Monitoring Metrics Publisher"  = "appi"
    }
    error_message = "The app writes exports, reads schedules, and sends telemetry."
  }
}

run "the_app_writes_copies_into_one_container_of_another_account" {
  command = plan

  variables {
    backup = {
      copy_container_id = "/subscriptions/00000000-0000-0000-0000-00000000a003/resourceGroups/rg-copies/providers/Microsoft.Storage/storageAccounts/stcopies/blobServices/default/containers/copies"
    }
  }

  assert {
    condition = alltrue([
      azurerm_role_assignment.app["copies"].role_definition_name == "Storage Blob Data Contributor",
      azurerm_role_assignment.app["copies"].scope == var.backup.copy_container_id,
      azurerm_role_assignment.app["copies"].principal_id == azurerm_user_assigned_identity.app.principal_id,
    ])
    error_message = "The role belongs on the container of the copies."
  }
}

run "a_role_on_a_whole_account_of_copies_is_rejected" {
  command = plan

  variables {
    backup = {
      copy_container_id = "/subscriptions/00000000-0000-0000-0000-00000000a003/resourceGroups/rg-copies/providers/Microsoft.Storage/storageAccounts/stcopies"
    }
  }

  expect_failures = [var.backup]
}

run "the_app_may_size_itself_and_one_pool" {
  command = plan

  assert {
    condition = {
      for key, role in azurerm_role_assignment.sizing : basename(role.scope) => basename(role.role_definition_id)
      } == {
      func      = "site"
      plan      = "plan"
      id        = "identity"
      functions = "subnet"
      pool      = "node-pool"
      nodes     = "subnet"
    }
    error_message = "The Resource Manager rejects a write of the app or the pool without a role on each resource that it names."
  }
}

run "no_role_of_the_app_covers_a_resource_group" {
  command = plan

  variables {
    backup = { databases = ["postfacto"] }
  }

  assert {
    condition = alltrue([
      for role in concat(values(azurerm_role_assignment.app), values(azurerm_role_assignment.app_secret), values(azurerm_role_assignment.sizing)) :
      strcontains(role.scope, "/providers/") && role.principal_id == azurerm_user_assigned_identity.app.principal_id
    ])
    error_message = "Each role belongs on one resource."
  }
}

run "the_app_reads_only_its_own_secrets_of_the_vault" {
  command = plan

  variables {
    backup = {
      databases      = ["postfacto-4-2-0"]
      drill_identity = true
    }
    notify = {
      heartbeats = ["postfacto_backup"]
      receivers  = { on-call = { signed = true } }
    }
  }

  assert {
    condition = toset([for role in azurerm_role_assignment.app_secret : role.scope]) == toset([
      "${module.vault["app"].id}/secrets/backup-database-url-postfacto-4-2-0",
      "${module.vault["app"].id}/secrets/drill-identity",
      "${module.vault["app"].id}/secrets/heartbeat-url-postfacto-backup",
      "${module.vault["app"].id}/secrets/notify-secret-on-call",
      "${module.vault["app"].id}/secrets/notify-url-on-call",
    ])
    error_message = "The role belongs on the secret, not on the vault."
  }
}

run "without_locks_nothing_is_locked" {
  command = plan

  assert {
    condition     = length(azapi_resource.lock) == 0
    error_message = "A test environment must come down in one command."
  }
}

run "locks_protect_databases_backups_and_vaults" {
  command = plan

  variables {
    delete_lock = true
  }

  assert {
    condition = alltrue([
      toset(keys(azapi_resource.lock)) == toset(["app_vault", "backups", "postfacto_vault", "postgres"]),
      alltrue([for lock in azapi_resource.lock : lock.body.properties.level == "CanNotDelete"]),
    ])
    error_message = "Database, backups and vaults need the lock."
  }
}

run "a_name_too_long_for_a_storage_account_is_rejected" {
  command = plan

  variables {
    name = "numbers-production"
  }

  expect_failures = [var.name]
}

run "a_suffix_of_five_letters_is_rejected" {
  command = plan

  variables {
    suffix = "unique"
  }

  expect_failures = [var.suffix]
}

run "values_of_another_bootstrap_environment_are_rejected" {
  command = plan

  variables {
    name = "numbers-prod"
  }

  expect_failures = [var.environment]
}

run "a_resource_group_of_another_subscription_is_rejected" {
  command = plan

  variables {
    subscription_id = "00000000-0000-0000-0000-00000000a002"
  }

  expect_failures = [var.subscription_id]
}
