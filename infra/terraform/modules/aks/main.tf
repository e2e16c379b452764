resource "azurerm_user_assigned_identity" "this" {
  name                = "id-${var.name}-aks"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

# The cluster puts nodes into the one subnet and load balancers' addresses into the other.
resource "azurerm_role_assignment" "network" {
  for_each = var.subnets

  scope                = each.value
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  principal_type       = "ServicePrincipal"
  role_definition_name = "Network Contributor"
}

resource "azurerm_kubernetes_cluster" "this" {
  # checkov:skip=CKV_AZURE_115: Only the given addresses reach the API; a private API needs a runner in the network.
  # checkov:skip=CKV_AZURE_117: Encrypted with keys of the platform; a key of ours would be one more thing to lose.
  # checkov:skip=CKV_AZURE_170: Each environment chooses; prod pays for it.
  # checkov:skip=CKV_AZURE_226: The default size has no local disk to put it on.
  # checkov:skip=CKV_AZURE_227: Needs the subscription's feature EncryptionAtHost, which not every subscription may register.

  name                              = "aks-${var.name}"
  resource_group_name               = var.resource_group_name
  location                          = var.location
  automatic_upgrade_channel         = "patch"
  azure_policy_enabled              = true
  dns_prefix                        = var.name
  image_cleaner_enabled             = true
  image_cleaner_interval_hours      = 168
  kubernetes_version                = var.kubernetes_version
  local_account_disabled            = true
  node_os_upgrade_channel           = "NodeImage"
  node_resource_group               = "${var.resource_group_name}-nodes"
  oidc_issuer_enabled               = true
  role_based_access_control_enabled = true
  run_command_enabled               = false
  sku_tier                          = var.sku_tier
  tags                              = var.tags
  workload_identity_enabled         = true

  api_server_access_profile {
    authorized_ip_ranges = var.api_server_ip_ranges
  }

  azure_active_directory_role_based_access_control {
    azure_rbac_enabled = true
    tenant_id          = var.tenant_id
  }

  default_node_pool {
    name                         = "system"
    auto_scaling_enabled         = true
    max_count                    = var.system_pool.max_count
    max_pods                     = 110
    min_count                    = var.system_pool.min_count
    only_critical_addons_enabled = true
    orchestrator_version         = var.kubernetes_version
    os_sku                       = "AzureLinux3"
    tags                         = var.tags
    # Without it, another size needs a new cluster.
    temporary_name_for_rotation = "systemtmp"
    vm_size                     = var.system_pool.vm_size
    vnet_subnet_id              = var.subnets.nodes
    zones                       = var.zones

    upgrade_settings {
      max_surge = "33%"
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  key_vault_secrets_provider {
    secret_rotation_enabled = true
  }

  maintenance_window_auto_upgrade {
    duration    = 4
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.maintenance.day_of_week
    start_time  = var.maintenance.start_time
    utc_offset  = "+00:00"
  }

  maintenance_window_node_os {
    duration    = 4
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.maintenance.day_of_week
    start_time  = var.maintenance.start_time
    utc_offset  = "+00:00"
  }

  network_profile {
    network_plugin      = "azure"
    network_data_plane  = "cilium"
    network_plugin_mode = "overlay"
    network_policy      = "cilium"
    outbound_type       = "loadBalancer"
    pod_cidr            = var.pod_address_space
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  oms_agent {
    log_analytics_workspace_id      = var.workspace_id
    msi_auth_for_monitoring_enabled = true
  }

  lifecycle {
    # The autoscaler counts these nodes.
    ignore_changes = [default_node_pool[0].node_count]
  }

  depends_on = [azurerm_role_assignment.network]
}

resource "azurerm_kubernetes_cluster_node_pool" "apps" {
  # checkov:skip=CKV_AZURE_227: Needs the subscription's feature EncryptionAtHost, which not every subscription may register.

  name                  = "apps"
  kubernetes_cluster_id = azurerm_kubernetes_cluster.this.id
  vm_size               = var.apps_pool.vm_size
  auto_scaling_enabled  = false
  max_pods              = 110
  node_count            = var.apps_pool.node_count
  node_labels           = { workload = "apps" }
  orchestrator_version  = var.kubernetes_version
  os_sku                = "AzureLinux3"
  # Without a node, a pod that a drain evicts stays pending, and the database operator stops. The app reads the tag
  # before it writes a size.
  tags                        = merge(var.tags, { scale-minimum = "1" })
  temporary_name_for_rotation = "appstmp"
  vnet_subnet_id              = var.subnets.nodes
  zones                       = var.zones

  upgrade_settings {
    max_surge = "33%"
  }

  lifecycle {
    # The app's schedule owns this number.
    ignore_changes = [node_count]
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "data" {
  # checkov:skip=CKV_AZURE_227: Needs the subscription's feature EncryptionAtHost, which not every subscription may register.

  name                        = "data"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  vm_size                     = var.data_pool.vm_size
  auto_scaling_enabled        = true
  max_count                   = var.data_pool.max_count
  max_pods                    = 110
  min_count                   = var.data_pool.min_count
  node_labels                 = { workload = "data" }
  node_taints                 = ["workload=data:NoSchedule"]
  orchestrator_version        = var.kubernetes_version
  os_sku                      = "AzureLinux3"
  tags                        = var.tags
  temporary_name_for_rotation = "datatmp"
  vnet_subnet_id              = var.subnets.nodes
  zones                       = var.zones

  upgrade_settings {
    max_surge = "33%"
  }

  lifecycle {
    # The autoscaler counts these nodes.
    ignore_changes = [node_count]
  }
}
