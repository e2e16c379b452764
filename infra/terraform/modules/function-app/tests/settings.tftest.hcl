mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

mock_provider "azapi" {
  source = "../../mocks/azapi"
}

run "schedules_are_set_without_databases_too" {
  command = plan

  assert {
    condition = alltrue([
      !contains(keys(local.settings), "BACKUP_DATABASES"),
      local.settings.BACKUP_SCHEDULE == "0 0 2 * * *",
      local.settings.DRILL_SCHEDULE == "0 0 4 * * 0",
      local.settings.ITEM_HOUSEKEEPING_SCHEDULE == "0 */10 * * * *",
    ])
    error_message = "The host does not run a timer without a schedule."
  }
}

run "storage_is_reached_by_identity_only" {
  command = plan

  assert {
    condition = { for name, value in local.settings : name => value if startswith(name, "AzureWebJobsStorage") } == {
      AzureWebJobsStorage__accountName = "stnumberstesthost"
      AzureWebJobsStorage__clientId    = "00000000-0000-0000-0000-00000000c001"
      AzureWebJobsStorage__credential  = "managedidentity"
    }
    error_message = "All three name a user-assigned identity; AzureWebJobsStorage itself would be a key."
  }
}

run "the_database_is_reached_without_a_password" {
  command = plan

  assert {
    condition = alltrue([
      local.settings.DATABASE_URL == "postgres://id-numbers-test-app@psql-numbers-test.postgres.database.azure.com:5432/items?sslmode=verify-full",
      local.settings.DATABASE_AUTH == "entra",
      local.settings.AZURE_CLIENT_ID == "00000000-0000-0000-0000-00000000c001",
    ])
    error_message = "The role has the identity's name, and its password is a token."
  }
}

run "addresses_of_databases_are_references_to_the_vault" {
  command = plan

  variables {
    backup = {
      storage_account = "stnumberstestbackup"
      container       = "exports"
      databases       = ["postfacto-4-2-0"]
    }
  }

  assert {
    condition = alltrue([
      local.settings.BACKUP_DATABASES == "postfacto-4-2-0",
      local.settings.BACKUP_DATABASE_URL_POSTFACTO_4_2_0 == "@Microsoft.KeyVault(SecretUri=https://kv-numbers-test.vault.azure.net/secrets/backup-database-url-postfacto-4-2-0)",
      azapi_resource.site.body.properties.keyVaultReferenceIdentity == var.identity.id,
    ])
    error_message = "An address contains a password, which belongs in the vault."
  }
}

run "addresses_of_receivers_are_references_to_the_vault" {
  command = plan

  variables {
    notify = {
      heartbeat  = true
      heartbeats = ["postfacto_backup"]
      receivers  = { on-call = { format = "json", signed = true } }
    }
  }

  assert {
    condition = { for name, value in local.settings : name => value if startswith(name, "NOTIFY") || startswith(name, "HEARTBEAT") } == {
      HEARTBEAT_URL                  = "@Microsoft.KeyVault(SecretUri=https://kv-numbers-test.vault.azure.net/secrets/heartbeat-url)"
      HEARTBEAT_URL_POSTFACTO_BACKUP = "@Microsoft.KeyVault(SecretUri=https://kv-numbers-test.vault.azure.net/secrets/heartbeat-url-postfacto-backup)"
      NOTIFY_FORMAT_ON_CALL          = "json"
      NOTIFY_RECEIVERS               = "on-call"
      NOTIFY_SECRET_ON_CALL          = "@Microsoft.KeyVault(SecretUri=https://kv-numbers-test.vault.azure.net/secrets/notify-secret-on-call)"
      NOTIFY_URL_ON_CALL             = "@Microsoft.KeyVault(SecretUri=https://kv-numbers-test.vault.azure.net/secrets/notify-url-on-call)"
    }
    error_message = "An address of Slack or Teams is a password."
  }
}

run "a_receiver_with_capitals_is_rejected" {
  command = plan

  variables {
    notify = { receivers = { OnCall = {} } }
  }

  expect_failures = [var.notify]
}

run "the_target_web_is_the_app_itself" {
  command = plan

  assert {
    condition     = local.settings.SCALE_RESOURCES == "web=/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Web/sites/func-numbers-test"
    error_message = "The schedule sizes this app."
  }
}

run "the_site_gets_every_setting_once" {
  command = plan

  assert {
    condition     = { for setting in azapi_resource.site.body.properties.siteConfig.appSettings : setting.name => setting.value } == local.settings
    error_message = "The site must get exactly the computed settings."
  }
}

# infra/tests reads the plan of this run, and compares the settings with those that the app reads.
run "everything_that_can_be_set_is_set" {
  command = plan

  variables {
    settings         = { LOG = "info" }
    timers_elsewhere = ["postfacto_backup"]
    notify = {
      heartbeat  = true
      heartbeats = ["scale"]
      link       = "https://api.numbers.example.org/ops"
      networks   = ["10.0.0.0/8"]
      receivers  = { name = { format = "json", signed = true } }
      sizes      = true
    }
    backup = {
      storage_account        = "stnumberstestbackup"
      container              = "exports"
      databases              = ["postfacto"]
      compression            = "zstd:3"
      copy_keep              = "last=7,daily=14"
      copy_storage_account   = "stnumberscopy"
      copy_url               = "az://exports"
      drill_after            = "backup"
      drill_fail_after_hours = 360
      drill_identity         = true
      drill_warn_after_hours = 192
      fail_after_hours       = 50
      immutable_days         = 14
      jobs                   = 2
      keep                   = "last=7,daily=14,weekly=8,monthly=12,yearly=3"
      recipients             = ["age1example"]
      storage_wait_seconds   = 20
      warn_after_hours       = 26
    }
    scale = {
      config           = "az://schedules/scale.toml"
      resource_manager = "https://management.example.org"
      resources        = { pool = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks/agentPools/apps" }
      storage_account  = "stnumberstest"
    }
  }

  assert {
    condition     = startswith(local.settings.SCALE_RESOURCES, "pool=/subscriptions/") && local.settings.LOG == "info"
    error_message = "Further targets and settings must reach the app."
  }
}

run "an_unknown_timer_elsewhere_is_rejected" {
  command = plan

  variables {
    timers_elsewhere = ["backup"]
  }

  expect_failures = [var.timers_elsewhere]
}
