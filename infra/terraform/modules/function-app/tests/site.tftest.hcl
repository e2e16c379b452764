mock_provider "azurerm" {
  mock_resource "azurerm_storage_account" {
    defaults = {
      id                    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stnumberstesthost"
      primary_blob_endpoint = "https://stnumberstesthost.blob.core.windows.net/"
    }
  }

  mock_resource "azurerm_service_plan" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Web/serverFarms/plan"
    }
  }
}

mock_provider "azapi" {
  mock_resource "azapi_resource" {
    defaults = {
      id     = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Web/sites/func-numbers-test"
      output = { properties = { defaultHostName = "func-numbers-test.azurewebsites.net" } }
    }
  }
}

variables {
  name                                   = "numbers-test"
  location                               = "westeurope"
  package_storage_name                   = "stnumberstesthost"
  application_insights_connection_string = "InstrumentationKey=00000000-0000-0000-0000-000000000000"
  front_door_guid                        = "00000000-0000-0000-0000-00000000fd01"
  private_dns_zone_id                    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
  vault_uri                              = "https://kv-numbers-test.vault.azure.net/"
  resource_group = {
    id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
    name = "rg"
  }
  subnets = {
    functions         = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/functions"
    private_endpoints = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/private-endpoints"
  }
  identity = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-numbers-test-app"
    client_id    = "00000000-0000-0000-0000-00000000c001"
    name         = "id-numbers-test-app"
    principal_id = "00000000-0000-0000-0000-00000000f001"
  }
  database = {
    host = "psql-numbers-test.postgres.database.azure.com"
    name = "items"
  }
  backup = {
    storage_account = "stnumberstestbackup"
    container       = "exports"
  }
}

run "two_instances_are_always_ready" {
  command = apply

  assert {
    condition     = azapi_resource.site.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady[0] == { name = "http", instanceCount = 2 }
    error_message = "The web farm has two nodes, in the group of all HTTP functions."
  }

  assert {
    condition     = output.host == "func-numbers-test.azurewebsites.net"
    error_message = "Front Door must be told the name that Azure gave."
  }
}

run "the_schedule_owns_the_always_ready_instances_from_then_on" {
  command = plan

  variables {
    always_ready_instances = 4
  }

  assert {
    condition     = azapi_resource.site.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady[0].instanceCount == 2
    error_message = "Terraform must not set back what the schedule set."
  }
}

run "the_runtime_is_the_one_that_azure_runs" {
  command = plan

  assert {
    condition     = azapi_resource.site.body.properties.functionAppConfig.runtime == { name = "custom", version = "1.0" }
    error_message = "With another version the app never starts, and nothing says why."
  }
}

run "only_our_front_door_comes_in" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictionsDefaultAction == "Deny",
      length(azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions) == 1,
      azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions[0].tag == "ServiceTag",
      azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions[0].ipAddress == "AzureFrontDoor.Backend",
      one(azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions[0].headers["x-azure-fdid"]) == var.front_door_guid,
    ])
    error_message = "The tag without the id lets every Front Door in."
  }
}

run "the_deployment_site_is_closed" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.site.body.properties.siteConfig.scmIpSecurityRestrictionsDefaultAction == "Deny",
      !azapi_resource.site.body.properties.siteConfig.scmIpSecurityRestrictionsUseMain,
      length(azapi_resource.site.body.properties.siteConfig.scmIpSecurityRestrictions) == 0,
    ])
    error_message = "Who reaches the deployment site can replace the app."
  }
}

run "a_deployer_with_an_address_reaches_the_deployment_site_alone" {
  command = plan

  variables {
    deployer_ip_ranges = ["198.51.100.7/32"]
  }

  assert {
    condition = alltrue([
      one(azapi_resource.site.body.properties.siteConfig.scmIpSecurityRestrictions).ipAddress == "198.51.100.7/32",
      length(azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions) == 1,
    ])
    error_message = "The address must open the deployment site and nothing else."
  }
}

run "nobody_deploys_with_a_password" {
  command = plan

  assert {
    condition     = { for name, policy in azapi_update_resource.basic_authentication : name => policy.body.properties.allow } == { ftp = false, scm = false }
    error_message = "Publishing credentials would be a password for everything."
  }
}

run "the_hosts_storage_has_no_keys_and_no_public_way_in" {
  command = plan

  assert {
    condition = alltrue([
      !azurerm_storage_account.this.shared_access_key_enabled,
      !azurerm_storage_account.this.local_user_enabled,
      !azurerm_storage_account.this.public_network_access_enabled,
      azurerm_private_endpoint.this.private_service_connection[0].subresource_names == tolist(["blob"]),
      azapi_resource.site.body.properties.functionAppConfig.deployment.storage.authentication.type == "UserAssignedIdentity",
    ])
    error_message = "The package is reached by the app's identity, through the private endpoint."
  }
}

run "the_app_owns_its_hosts_storage_and_nothing_wider" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_role_assignment.host.role_definition_name == "Storage Blob Data Owner",
      azurerm_role_assignment.host.scope == azurerm_storage_account.this.id,
      azurerm_role_assignment.host.principal_id == var.identity.principal_id,
    ])
    error_message = "The role belongs on the account, not on its group."
  }
}

run "nothing_travels_in_the_clear" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.site.body.properties.httpsOnly,
      azapi_resource.site.body.properties.siteConfig.minTlsVersion == "1.2",
      azapi_resource.site.body.properties.siteConfig.scmMinTlsVersion == "1.2",
    ])
    error_message = "HTTPS, and TLS 1.2 at least."
  }
}

run "one_instance_is_refused" {
  command = plan

  variables {
    always_ready_instances = 1
  }

  expect_failures = [var.always_ready_instances]
}

run "more_ready_instances_than_there_may_be_are_refused" {
  command = plan

  variables {
    always_ready_instances = 5
    maximum_instances      = 4
  }

  expect_failures = [var.always_ready_instances]
}

run "another_version_of_the_runtime_is_refused" {
  command = plan

  variables {
    runtime_version = "1"
  }

  expect_failures = [var.runtime_version]
}

run "a_memory_that_flex_does_not_have_is_refused" {
  command = plan

  variables {
    memory_mb = 1024
  }

  expect_failures = [var.memory_mb]
}

run "a_deployer_from_everywhere_is_refused" {
  command = plan

  variables {
    deployer_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.deployer_ip_ranges]
}

run "a_setting_that_flex_sets_itself_is_refused" {
  command = plan

  variables {
    settings = { WEBSITE_RUN_FROM_PACKAGE = "1" }
  }

  expect_failures = [var.settings]
}

run "a_schedule_of_five_fields_is_refused" {
  command = plan

  variables {
    backup = {
      storage_account = "stnumberstestbackup"
      container       = "exports"
      schedule        = "0 2 * * *"
    }
  }

  expect_failures = [var.backup]
}

run "a_secret_key_as_a_recipient_is_refused" {
  command = plan

  variables {
    backup = {
      storage_account = "stnumberstestbackup"
      container       = "exports"
      recipients      = ["AGE-SECRET-KEY-1"]
    }
  }

  expect_failures = [var.backup]
}

run "a_second_target_web_is_refused" {
  command = plan

  variables {
    scale = {
      resources = { web = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Web/sites/other" }
    }
  }

  expect_failures = [var.scale]
}

run "nothing_is_sent_that_flex_consumption_rejects" {
  command = plan

  assert {
    condition = length(setintersection(keys(azapi_resource.site.body.properties.siteConfig), [
      "ftpsState", "functionAppScaleLimit", "functionsRuntimeScaleMonitoringEnabled", "linuxFxVersion",
      "netFrameworkVersion", "preWarmedInstanceCount", "use32BitWorkerProcess",
    ])) == 0
    error_message = "Some regions reject each of these with error 51021, also with the value that a read returns."
  }
}

run "the_plan_is_named_as_azure_stores_it" {
  command = plan

  assert {
    condition     = endswith(azapi_resource.site.body.properties.serverFarmId, "/providers/Microsoft.Web/serverfarms/plan")
    error_message = "With the letters of azurerm every plan shows a change."
  }
}

run "each_timer_has_an_instance_that_is_always_ready" {
  command = plan

  assert {
    condition     = local.always_ready == [{ name = "http", instanceCount = 2 }, { name = "function:item_housekeeping", instanceCount = 1 }, { name = "function:postfacto_backup", instanceCount = 1 }, { name = "function:postfacto_restore_drill", instanceCount = 1 }, { name = "function:scale", instanceCount = 1 }]
    error_message = "A timer that has none may stop after a deployment."
  }
}

run "more_timers_than_instances_are_refused" {
  command = plan

  variables {
    maximum_instances = 5
  }

  expect_failures = [var.always_ready_instances]
}

run "one_version_of_the_program_runs_at_a_time" {
  command = plan

  assert {
    condition     = azapi_resource.site.body.properties.functionAppConfig.siteUpdateStrategy.type == "Recreate"
    error_message = "An older program does not know the schema of a newer one."
  }
}

run "an_unknown_update_strategy_is_refused" {
  command = plan

  variables {
    update_strategy = "Rolling"
  }

  expect_failures = [var.update_strategy]
}

run "azd_finds_the_app" {
  command = plan

  assert {
    condition     = azapi_resource.site.tags["azd-service-name"] == keys(yamldecode(file("${path.module}/../../../../azure.yaml")).services)[0]
    error_message = "azd deploys to the resource that carries its service's name."
  }
}
