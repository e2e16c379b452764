# The cluster's audit log, without reads, which are most of it.
resource "azurerm_monitor_diagnostic_setting" "this" {
  name                       = "logs"
  target_resource_id         = azurerm_kubernetes_cluster.this.id
  log_analytics_workspace_id = var.workspace_id

  enabled_log {
    category = "guard"
  }

  enabled_log {
    category = "kube-audit-admin"
  }
}

# The containers' logs. The workspace takes no keys, so the agent can write only by this rule.
resource "azapi_resource" "container_logs" {
  type      = "Microsoft.Insights/dataCollectionRules@2023-03-11"
  name      = "dcr-${var.name}-containers"
  parent_id = var.resource_group_id
  location  = var.location
  body = {
    kind = "Linux"
    properties = {
      dataFlows = [
        {
          destinations = ["workspace"]
          streams      = local.container_log_streams
        }
      ]
      dataSources = {
        extensions = [
          {
            extensionName = "ContainerInsights"
            extensionSettings = {
              dataCollectionSettings = {
                enableContainerLogV2   = true
                interval               = "1m"
                namespaceFilteringMode = "Off"
              }
            }
            name    = "ContainerInsightsExtension"
            streams = local.container_log_streams
          }
        ]
      }
      destinations = {
        logAnalytics = [
          {
            name                = "workspace"
            workspaceResourceId = var.workspace_id
          }
        ]
      }
    }
  }
  tags = var.tags
}

resource "azapi_resource" "container_logs_of_the_cluster" {
  type      = "Microsoft.Insights/dataCollectionRuleAssociations@2023-03-11"
  name      = "ContainerInsightsExtension"
  parent_id = azurerm_kubernetes_cluster.this.id
  body = {
    properties = {
      dataCollectionRuleId = azapi_resource.container_logs.id
    }
  }
}
