# Ids in the form of real ones: azurerm parses the ids that it gets.

mock_resource "azurerm_application_insights" {
  defaults = {
    id                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Insights/components/appi"
    connection_string = "InstrumentationKey=00000000-0000-0000-0000-000000000000"
  }
}

mock_resource "azurerm_cdn_frontdoor_custom_domain" {
  defaults = {
    id               = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Cdn/profiles/afd/customDomains/custom"
    validation_token = "example-token"
  }
}

mock_resource "azurerm_cdn_frontdoor_endpoint" {
  defaults = {
    id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Cdn/profiles/afd/afdEndpoints/endpoint"
    host_name = "numbers-test-x.z01.azurefd.net"
  }
}

mock_resource "azurerm_cdn_frontdoor_firewall_policy" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/frontDoorWebApplicationFirewallPolicies/waf"
  }
}

mock_resource "azurerm_cdn_frontdoor_origin" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Cdn/profiles/afd/originGroups/group/origins/origin"
  }
}

mock_resource "azurerm_cdn_frontdoor_origin_group" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Cdn/profiles/afd/originGroups/group"
  }
}

mock_resource "azurerm_cdn_frontdoor_profile" {
  defaults = {
    id            = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Cdn/profiles/afd"
    resource_guid = "00000000-0000-0000-0000-00000000fd01"
  }
}

mock_resource "azurerm_cdn_frontdoor_route" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Cdn/profiles/afd/afdEndpoints/endpoint/routes/route"
  }
}

mock_resource "azurerm_key_vault" {
  defaults = {
    id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.KeyVault/vaults/kv"
    vault_uri = "https://kv.vault.azure.net/"
  }
}

mock_resource "azurerm_kubernetes_cluster" {
  defaults = {
    id              = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.ContainerService/managedClusters/aks"
    oidc_issuer_url = "https://westeurope.oic.prod-aks.azure.com/00000000-0000-0000-0000-000000000000/1/"
  }
}

mock_resource "azurerm_kubernetes_cluster_node_pool" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.ContainerService/managedClusters/aks/agentPools/pool"
  }
}

mock_resource "azurerm_log_analytics_workspace" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.OperationalInsights/workspaces/log"
  }
}

mock_resource "azurerm_network_security_group" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/networkSecurityGroups/nsg"
  }
}

mock_resource "azurerm_postgresql_flexible_server" {
  defaults = {
    id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql"
    fqdn = "psql.postgres.database.azure.com"
  }
}

mock_resource "azurerm_postgresql_flexible_server_database" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql/databases/items"
  }
}

mock_resource "azurerm_private_dns_zone" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/privateDnsZones/example.org"
  }
}

mock_resource "azurerm_role_definition" {
  defaults = {
    role_definition_id          = "00000000-0000-0000-0000-00000000e001"
    role_definition_resource_id = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000e001"
  }
}

mock_resource "azurerm_service_plan" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Web/serverFarms/plan"
  }
}

mock_resource "azurerm_storage_account" {
  defaults = {
    id                    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Storage/storageAccounts/st"
    primary_blob_endpoint = "https://st.blob.core.windows.net/"
  }
}

mock_resource "azurerm_storage_container" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Storage/storageAccounts/st/blobServices/default/containers/other"
  }
}

mock_resource "azurerm_subnet" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/virtualNetworks/vnet/subnets/snet"
  }
}

mock_resource "azurerm_user_assigned_identity" {
  defaults = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"
    client_id    = "00000000-0000-0000-0000-00000000c001"
    principal_id = "00000000-0000-0000-0000-00000000f001"
  }
}

mock_resource "azurerm_virtual_network" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Network/virtualNetworks/vnet"
  }
}
