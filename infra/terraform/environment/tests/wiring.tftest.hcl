mock_provider "azurerm" {
  source          = "../mocks/azurerm"
  override_during = plan
}

mock_provider "azapi" {
  source          = "../mocks/azapi"
  override_during = plan
}

variables {
  aks          = { kubernetes_version = "1.35" }
  alert_emails = ["operations@example.org"]
  environment  = "test"
}

run "helmfile_gets_the_values_of_the_environment" {
  command = plan

  assert {
    condition = alltrue([
      output.helmfile.contextName == "numbers-test",
      output.helmfile.clusterName == "aks-numbers-test",
      output.helmfile.clusterResourceGroup == "rg-numbers-test",
      output.helmfile.dnsZone == "test.numbers.example.org",
      output.helmfile.dnsZoneResourceGroup == "rg-numbers-test-dns",
      output.helmfile.keyVaultName == "kv-numbers-test-pf-x1",
      output.helmfile.backupStorageAccount == "stnumberstestbackupx1",
      output.helmfile.barmanContainer == "barman",
      output.helmfile.veleroContainer == "velero",
      output.helmfile.internalLoadBalancerSubnet == "snet-numbers-test-internal",
      output.helmfile.functionSubnetPrefix == "10.20.10.0/26",
      output.helmfile.nodeSubnetPrefix == "10.20.0.0/22",
    ])
    error_message = "Helmfile must get the names and addresses of this environment."
  }
}

run "each_version_of_postfacto_has_its_service_accounts" {
  command = plan

  assert {
    condition = setunion(module.workload["postgres-backup"].subjects, module.workload["postfacto"].subjects) == toset([
      "system:serviceaccount:postfacto-4-2-0:postgres",
      "system:serviceaccount:postfacto-4-2-0:postfacto",
      "system:serviceaccount:postfacto-4-3-11:postgres",
      "system:serviceaccount:postfacto-4-3-11:postfacto",
    ])
    error_message = "Each namespace has one for the database and one for the app."
  }
}

run "platform_identities_name_the_service_accounts_of_the_charts" {
  command = plan

  assert {
    condition = setunion(module.workload["cert-manager"].subjects, module.workload["external-dns"].subjects, module.workload["velero"].subjects) == toset([
      "system:serviceaccount:cert-manager:cert-manager",
      "system:serviceaccount:external-dns:external-dns",
      "system:serviceaccount:velero:velero",
    ])
    error_message = "The charts make these service accounts."
  }
}

run "a_third_version_gets_service_accounts" {
  command = plan

  variables {
    postfacto_versions = ["4.1.0", "4.2.0", "4.3.11"]
  }

  assert {
    condition     = length(module.workload["postgres-backup"].subjects) == 3 && length(module.workload["postfacto"].subjects) == 3
    error_message = "The new version needs its service accounts too."
  }
}

run "a_version_without_three_numbers_is_rejected" {
  command = plan

  variables {
    postfacto_versions = ["latest"]
  }

  expect_failures = [var.postfacto_versions]
}

run "a_target_for_the_pool_is_a_setting_of_the_app" {
  command = plan

  variables {
    scale = { apps_pool_target = "postfacto" }
  }

  assert {
    condition     = strcontains(module.function_app.settings.SCALE_RESOURCES, "postfacto=${module.aks.apps_pool_id}")
    error_message = "The target must be the pool for apps."
  }
}

run "the_settings_of_the_app_name_the_other_modules_resources" {
  command = plan

  assert {
    condition = alltrue([
      module.function_app.settings.BACKUP_URL == "az://exports",
      module.function_app.settings.BACKUP_STORAGE_ACCOUNT == "stnumberstestbackupx1",
      module.function_app.settings.BACKUP_IMMUTABLE_DAYS == "14",
      module.function_app.settings.NOTIFY_LINK == "https://api.test.numbers.example.org/ops",
      startswith(module.function_app.settings.DATABASE_URL, "postgres://id-numbers-test-app@"),
      module.function_app.settings.SCALE_RESOURCES == "web=/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-numbers-test/providers/Microsoft.Web/sites/func-numbers-test-x1",
    ])
    error_message = "The app's settings must name the resources that the other modules make."
  }
}

run "names_that_are_unique_in_azure_carry_the_suffix" {
  command = plan

  assert {
    condition = alltrue([
      output.function_app_name == "func-numbers-test-x1",
      output.app_vault_name == "kv-numbers-test-app-x1",
      length(output.app_vault_name) <= 24,
      length(output.helmfile.backupStorageAccount) <= 24,
    ])
    error_message = "Another customer of Azure may have the name without the suffix."
  }
}

run "the_second_clock_is_off_by_default" {
  command = plan

  assert {
    condition     = length(module.second_clock) == 0
    error_message = "It costs, and another client may be the second clock."
  }
}

run "the_second_clock_calls_run_due_through_front_door" {
  command = plan

  variables {
    second_clock = {}
  }

  assert {
    condition     = module.second_clock[0].url == "https://api.test.numbers.example.org/run-due"
    error_message = "The app admits only Front Door."
  }
}

run "no_timer_runs_in_the_cluster_by_default" {
  command = plan

  assert {
    condition = alltrue([
      length(azurerm_federated_identity_credential.timers) == 0,
      length(output.helmfile.appTimers.schedules) == 0,
      !contains(keys(module.function_app.settings), "TIMERS_ELSEWHERE"),
    ])
    error_message = "The function app runs its timers."
  }
}

run "timers_in_the_cluster_have_the_identity_schedules_and_settings_of_the_app" {
  command = plan

  variables {
    cluster_timers = ["postfacto_backup", "postfacto_restore_drill"]
    backup         = { databases = ["postfacto-4-2-0"], drill_schedule = "0 30 4 * * 0" }
  }

  assert {
    condition = alltrue([
      azurerm_federated_identity_credential.timers[0].subject == "system:serviceaccount:magnusapi:timers",
      azurerm_federated_identity_credential.timers[0].user_assigned_identity_id == azurerm_user_assigned_identity.app.id,
      module.function_app.settings.TIMERS_ELSEWHERE == "postfacto_backup,postfacto_restore_drill",
      output.helmfile.appTimers.schedules == { postfacto_backup = "0 2 * * *", postfacto_restore_drill = "30 4 * * 0" },
      output.helmfile.appTimers.secrets == { BACKUP_DATABASE_URL_POSTFACTO_4_2_0 = "backup-database-url-postfacto-4-2-0" },
      output.helmfile.appTimers.settings.BACKUP_URL == module.function_app.settings.BACKUP_URL,
      output.helmfile.appTimers.settings.DATABASE_URL == module.function_app.settings.DATABASE_URL,
      !strcontains(jsonencode(output.helmfile.appTimers.settings), "@Microsoft.KeyVault"),
    ])
    error_message = "A CronJob must do what the app's timer did."
  }
}

run "only_backups_and_drills_run_in_the_cluster" {
  command = plan

  variables {
    cluster_timers = ["scale"]
  }

  expect_failures = [var.cluster_timers]
}

run "required_alerts_need_an_address" {
  command = plan

  variables {
    alert_emails    = []
    alerts_required = true
  }

  expect_failures = [var.alert_emails]
}

run "required_alerts_reject_an_address_of_an_example" {
  command = plan

  variables {
    alert_emails    = ["operations@mail.Example.org"]
    alerts_required = true
  }

  expect_failures = [var.alert_emails]
}
