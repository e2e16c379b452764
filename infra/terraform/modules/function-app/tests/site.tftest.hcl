mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

mock_provider "azapi" {
  source = "../../mocks/azapi"
}

run "two_instances_are_always_ready" {
  command = apply

  assert {
    condition     = azapi_resource.site.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady[0] == { name = "http", instanceCount = 2 }
    error_message = "The web farm has two nodes, in the group of all HTTP functions."
  }

  assert {
    condition     = output.host == "func-numbers-test.azurewebsites.net"
    error_message = "Front Door must get the name that Azure gave."
  }
}

run "terraform_keeps_the_schedules_always_ready_instances" {
  command = plan

  variables {
    always_ready_instances = 4
  }

  assert {
    condition     = azapi_resource.site.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady[0].instanceCount == 2
    error_message = "Terraform must not undo the schedule's number."
  }
}

run "the_runtime_has_the_version_that_azure_runs" {
  command = plan

  assert {
    condition     = azapi_resource.site.body.properties.functionAppConfig.runtime == { name = "custom", version = "1.0" }
    error_message = "With another version the app never starts, without an error."
  }
}

run "only_our_front_door_is_admitted" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictionsDefaultAction == "Deny",
      length(azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions) == 1,
      azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions[0].tag == "ServiceTag",
      azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions[0].ipAddress == "AzureFrontDoor.Backend",
      one(azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions[0].headers["x-azure-fdid"]) == var.front_door_guid,
    ])
    error_message = "The tag without the id admits every Front Door of Azure."
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
    error_message = "A caller that reaches the deployment site can replace the app."
  }
}

run "a_deployers_address_opens_the_deployment_site_only" {
  command = plan

  variables {
    deployer_ip_ranges = ["198.51.100.7/32"]
  }

  assert {
    condition = alltrue([
      one(azapi_resource.site.body.properties.siteConfig.scmIpSecurityRestrictions).ipAddress == "198.51.100.7/32",
      length(azapi_resource.site.body.properties.siteConfig.ipSecurityRestrictions) == 1,
    ])
    error_message = "The address must open the deployment site only."
  }
}

run "deployments_with_a_password_are_off" {
  command = plan

  assert {
    condition     = { for name, policy in azapi_update_resource.basic_authentication : name => policy.body.properties.allow } == { ftp = false, scm = false }
    error_message = "Publishing credentials would be one password for the whole app."
  }
}

run "the_hosts_storage_has_no_keys_and_no_public_endpoint" {
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

run "the_app_owns_only_its_hosts_storage" {
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

run "https_is_required" {
  command = plan

  assert {
    condition = alltrue([
      azapi_resource.site.body.properties.httpsOnly,
      azapi_resource.site.body.properties.siteConfig.minTlsVersion == "1.2",
      azapi_resource.site.body.properties.siteConfig.scmMinTlsVersion == "1.2",
    ])
    error_message = "The site and its storage need HTTPS, and TLS 1.2 at least."
  }
}

run "one_instance_is_rejected" {
  command = plan

  variables {
    always_ready_instances = 1
  }

  expect_failures = [var.always_ready_instances]
}

run "more_always_ready_instances_than_the_maximum_are_rejected" {
  command = plan

  variables {
    always_ready_instances = 5
    maximum_instances      = 4
  }

  expect_failures = [var.always_ready_instances]
}

run "another_version_of_the_runtime_is_rejected" {
  command = plan

  variables {
    runtime_version = "1"
  }

  expect_failures = [var.runtime_version]
}

run "an_unknown_memory_size_is_rejected" {
  command = plan

  variables {
    memory_mb = 1024
  }

  expect_failures = [var.memory_mb]
}

run "the_whole_internet_as_deployer_is_rejected" {
  command = plan

  variables {
    deployer_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.deployer_ip_ranges]
}

run "a_setting_of_the_platform_is_rejected" {
  command = plan

  variables {
    settings = { WEBSITE_RUN_FROM_PACKAGE = "1" }
  }

  expect_failures = [var.settings]
}

run "a_schedule_of_five_fields_is_rejected" {
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

run "a_secret_key_as_a_recipient_is_rejected" {
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

run "a_second_target_web_is_rejected" {
  command = plan

  variables {
    scale = {
      resources = { web = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Web/sites/other" }
    }
  }

  expect_failures = [var.scale]
}

run "members_that_flex_consumption_rejects_are_not_sent" {
  command = plan

  assert {
    condition = length(setintersection(keys(azapi_resource.site.body.properties.siteConfig), [
      "ftpsState", "functionAppScaleLimit", "functionsRuntimeScaleMonitoringEnabled", "linuxFxVersion",
      "netFrameworkVersion", "preWarmedInstanceCount", "use32BitWorkerProcess",
    ])) == 0
    error_message = "Some regions reject each of these with error 51021, also with the value that a read returns."
  }
}

run "the_plans_id_has_azures_letter_case" {
  command = plan

  assert {
    condition     = endswith(azapi_resource.site.body.properties.serverFarmId, "/providers/Microsoft.Web/serverfarms/plan")
    error_message = "With azurerm's letter case, every plan shows a change."
  }
}

run "each_timer_has_an_always_ready_instance" {
  command = plan

  assert {
    condition     = local.always_ready == [{ name = "http", instanceCount = 2 }, { name = "function:item_housekeeping", instanceCount = 1 }, { name = "function:postfacto_backup", instanceCount = 1 }, { name = "function:postfacto_restore_drill", instanceCount = 1 }, { name = "function:scale", instanceCount = 1 }]
    error_message = "A timer without one may stop after a deployment."
  }
}

run "more_timers_than_instances_are_rejected" {
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

run "an_unknown_update_strategy_is_rejected" {
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
    error_message = "azd deploys to the resource with its service's name."
  }
}
