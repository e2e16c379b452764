mock_provider "azurerm" {
  source = "../../mocks/azurerm"
}

mock_provider "azapi" {
  source = "../../mocks/azapi"
}

variables {
  resource_group_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test"
  name                 = "numbers-test"
  resource_group_name  = "rg-numbers-test"
  location             = "westeurope"
  tenant_id            = "00000000-0000-0000-0000-00000000b001"
  kubernetes_version   = "1.35"
  pod_address_space    = "10.244.0.0/16"
  workspace_id         = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
  api_server_ip_ranges = ["198.51.100.0/24"]
  subnets = {
    nodes    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes"
    internal = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/internal"
  }
}

run "there_are_no_local_accounts" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_kubernetes_cluster.this.local_account_disabled,
      azurerm_kubernetes_cluster.this.role_based_access_control_enabled,
      azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control[0].azure_rbac_enabled,
      azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control[0].tenant_id == var.tenant_id,
      !azurerm_kubernetes_cluster.this.run_command_enabled,
    ])
    error_message = "A local account's certificate cannot be revoked."
  }
}

run "pods_can_be_azure_identities" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.oidc_issuer_enabled && azurerm_kubernetes_cluster.this.workload_identity_enabled
    error_message = "Without both, pods would need secrets."
  }
}

run "cilium_enforces_network_policies" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_kubernetes_cluster.this.network_profile[0].network_policy == "cilium",
      azurerm_kubernetes_cluster.this.network_profile[0].network_data_plane == "cilium",
      azurerm_kubernetes_cluster.this.network_profile[0].network_plugin_mode == "overlay",
      azurerm_kubernetes_cluster.this.network_profile[0].pod_cidr == "10.244.0.0/16",
    ])
    error_message = "Without Cilium, nothing enforces the network policies."
  }
}

run "the_data_pool_has_the_taint_that_databases_tolerate" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_kubernetes_cluster_node_pool.data.node_taints == tolist(["workload=data:NoSchedule"]),
      azurerm_kubernetes_cluster_node_pool.data.node_labels == tomap({ workload = "data" }),
      azurerm_kubernetes_cluster_node_pool.data.min_count == 2,
    ])
    error_message = "The charts tolerate workload=data:NoSchedule and select workload=data."
  }
}

run "apps_have_nodes_of_their_own" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_kubernetes_cluster_node_pool.apps.node_labels == tomap({ workload = "apps" }),
      azurerm_kubernetes_cluster_node_pool.apps.node_taints == null,
      azurerm_kubernetes_cluster.this.default_node_pool[0].only_critical_addons_enabled,
    ])
    error_message = "The charts select workload=apps."
  }
}

run "the_cluster_may_join_its_two_subnets_only" {
  command = plan

  assert {
    condition = {
      for key, role in azurerm_role_assignment.network : role.scope => role.role_definition_name
      } == {
      (var.subnets.nodes)    = "Network Contributor"
      (var.subnets.internal) = "Network Contributor"
    }
    error_message = "The role belongs on the subnets, not on the network."
  }
}

run "container_logs_reach_the_workspace_without_a_key" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_kubernetes_cluster.this.oms_agent[0].msi_auth_for_monitoring_enabled,
      one(azapi_resource.container_logs.body.properties.destinations.logAnalytics).workspaceResourceId == var.workspace_id,
      contains(one(azapi_resource.container_logs.body.properties.dataFlows).streams, "Microsoft-ContainerLogV2"),
      azapi_resource.container_logs_of_the_cluster.name == "ContainerInsightsExtension",
    ])
    error_message = "Without the rule and its association, the agent cannot write."
  }
}

run "changes_and_logins_are_audited" {
  command = plan

  assert {
    condition     = toset([for log in azurerm_monitor_diagnostic_setting.this.enabled_log : log.category]) == toset(["guard", "kube-audit-admin"])
    error_message = "Changes and logins must be logged."
  }
}

run "nodes_have_the_version_of_their_cluster" {
  command = plan

  assert {
    condition = alltrue([
      for version in [
        azurerm_kubernetes_cluster.this.default_node_pool[0].orchestrator_version,
        azurerm_kubernetes_cluster_node_pool.apps.orchestrator_version,
        azurerm_kubernetes_cluster_node_pool.data.orchestrator_version,
      ] : version == "1.35"
    ])
    error_message = "Without it, an upgrade changes the API alone, and the nodes keep the old version."
  }
}

run "upgrades_wait_for_the_maintenance_window" {
  command = plan

  assert {
    condition = alltrue([
      azurerm_kubernetes_cluster.this.automatic_upgrade_channel == "patch",
      azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade[0].day_of_week == "Sunday",
      azurerm_kubernetes_cluster.this.maintenance_window_node_os[0].start_time == "03:00",
    ])
    error_message = "Nodes must not be replaced in the middle of a working day."
  }
}

run "the_apps_pool_starts_with_two_nodes" {
  command = apply

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.apps.node_count == 2 && !azurerm_kubernetes_cluster_node_pool.apps.auto_scaling_enabled
    error_message = "Azure rejects the schedule's count where the autoscaler is on."
  }
}

run "terraform_keeps_the_schedules_number_of_apps_nodes" {
  command = plan

  variables {
    apps_pool = { node_count = 4 }
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.apps.node_count == 2
    error_message = "Terraform must not undo the schedule's number."
  }
}

run "an_api_without_address_ranges_is_rejected" {
  command = plan

  variables {
    api_server_ip_ranges = []
  }

  expect_failures = [var.api_server_ip_ranges]
}

run "the_whole_internet_is_rejected" {
  command = plan

  variables {
    api_server_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.api_server_ip_ranges]
}

run "a_patch_version_is_rejected" {
  command = plan

  variables {
    kubernetes_version = "1.35.1"
  }

  expect_failures = [var.kubernetes_version]
}

run "one_data_node_is_rejected" {
  command = plan

  variables {
    data_pool = { min_count = 1 }
  }

  expect_failures = [var.data_pool]
}

run "a_maintenance_window_without_a_day_is_rejected" {
  command = plan

  variables {
    maintenance = { day_of_week = "Sun" }
  }

  expect_failures = [var.maintenance]
}

run "every_pool_is_spread_over_the_zones" {
  command = plan

  assert {
    condition = alltrue([
      for zones in [
        azurerm_kubernetes_cluster.this.default_node_pool[0].zones,
        azurerm_kubernetes_cluster_node_pool.apps.zones,
        azurerm_kubernetes_cluster_node_pool.data.zones,
      ] : toset(zones) == toset(["1", "2", "3"])
    ])
    error_message = "The charts spread pods over zones, and the nodes of one zone fail together."
  }
}

run "an_unknown_zone_is_rejected" {
  command = plan

  variables {
    zones = ["westeurope-1"]
  }

  expect_failures = [var.zones]
}

run "the_apps_pool_keeps_a_node" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.apps.tags["scale-minimum"] == "1"
    error_message = "The schedule's program rejects a smaller size than this tag."
  }
}

run "the_system_pool_has_the_tags_of_the_cluster" {
  command = plan

  variables {
    tags = { environment = "test" }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.default_node_pool[0].tags == tomap({ environment = "test" })
    error_message = "Tags separate costs, and the nodes of the system pool cost too."
  }
}
