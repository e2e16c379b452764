mock_provider "azurerm" {
  source          = "../../mocks/azurerm"
  override_during = plan
}

mock_provider "azapi" {
  source          = "../../mocks/azapi"
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
  budget               = { amount = 500, start = "2026-12-01" }
  name                 = "numbers-test"
  suffix               = "x1"
  location             = "westeurope"
  subscription_id      = "00000000-0000-0000-0000-00000000a001"
  tenant_id            = "00000000-0000-0000-0000-00000000b001"
  alert_emails         = ["operations@example.org"]
  aks                  = { kubernetes_version = "1.35" }
  api_server_ip_ranges = ["198.51.100.0/24"]
  database_administrator = {
    object_id = "00000000-0000-0000-0000-00000000d001"
    name      = "numbers-database-administrators"
  }
  resource_group = {
    id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test"
    name = "rg-numbers-test"
  }
  dns_zone = {
    id                  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test-dns/providers/Microsoft.Network/dnsZones/test.numbers.example.org"
    name                = "test.numbers.example.org"
    resource_group_id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test-dns"
    resource_group_name = "rg-numbers-test-dns"
  }
  sizing_role_definition_ids = {
    identity  = "/providers/Microsoft.Authorization/roleDefinitions/identity"
    node_pool = "/providers/Microsoft.Authorization/roleDefinitions/node-pool"
    plan      = "/providers/Microsoft.Authorization/roleDefinitions/plan"
    site      = "/providers/Microsoft.Authorization/roleDefinitions/site"
    subnet    = "/providers/Microsoft.Authorization/roleDefinitions/subnet"
  }
}

run "helmfile_is_told_what_belongs_together" {
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
    error_message = "Helmfile's values must be the environment's."
  }
}

run "each_version_of_postfacto_has_its_service_accounts" {
  command = plan

  assert {
    condition = setunion(module.postgres_backup.subjects, module.postfacto.subjects) == toset([
      "system:serviceaccount:postfacto-4-2-0:postgres",
      "system:serviceaccount:postfacto-4-2-0:postfacto",
      "system:serviceaccount:postfacto-4-3-11:postgres",
      "system:serviceaccount:postfacto-4-3-11:postfacto",
    ])
    error_message = "Each namespace has one for the database and one for the app."
  }
}

run "the_others_have_the_service_accounts_of_their_charts" {
  command = plan

  assert {
    condition = setunion(module.cert_manager.subjects, module.external_dns.subjects, module.velero.subjects) == toset([
      "system:serviceaccount:cert-manager:cert-manager",
      "system:serviceaccount:external-dns:external-dns",
      "system:serviceaccount:velero:velero",
    ])
    error_message = "The charts make these service accounts."
  }
}

run "a_third_version_is_one_more_word" {
  command = plan

  variables {
    postfacto_versions = ["4.1.0", "4.2.0", "4.3.11"]
  }

  assert {
    condition     = length(module.postgres_backup.subjects) == 3 && length(module.postfacto.subjects) == 3
    error_message = "The new version needs its service accounts too."
  }
}

run "a_version_that_is_none_is_refused" {
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

run "the_app_is_told_where_things_are" {
  command = plan

  assert {
    condition = alltrue([
      module.function_app.settings.BACKUP_URL == "az://exports",
      module.function_app.settings.BACKUP_STORAGE_ACCOUNT == "stnumberstestbackupx1",
      module.function_app.settings.BACKUP_IMMUTABLE_DAYS == "14",
      startswith(module.function_app.settings.DATABASE_URL, "postgres://id-numbers-test-app@"),
      module.function_app.settings.SCALE_RESOURCES == "web=/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Web/sites/func-numbers-test-x1",
    ])
    error_message = "What one module makes, the app's settings must name."
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
    error_message = "Somebody else may have the name without it."
  }
}

run "alerts_that_reach_no_person_are_refused_where_they_are_required" {
  command = plan

  variables {
    alert_emails    = []
    alerts_required = true
  }

  expect_failures = [var.alert_emails]
}

run "an_address_of_an_example_is_refused_where_alerts_are_required" {
  command = plan

  variables {
    alert_emails    = ["operations@mail.Example.org"]
    alerts_required = true
  }

  expect_failures = [var.alert_emails]
}
