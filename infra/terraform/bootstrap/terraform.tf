terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }

  # This root creates the account, so the first apply needs a local state: infra/README.md, Bootstrap.
  backend "azurerm" {
    container_name   = "bootstrap"
    key              = "bootstrap.tfstate"
    use_azuread_auth = true
  }
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  storage_use_azuread = true
  tenant_id           = var.tenant_id

  # The pipeline's identities have no right to register providers, and azurerm registers none by default.
  resource_providers_to_register = [
    "Microsoft.App",
    "Microsoft.AlertsManagement",
    "Microsoft.Cdn",
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.Logic",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.OperationsManagement",
    "Microsoft.PolicyInsights",
    "Microsoft.Storage",
    "Microsoft.Web",
  ]

  features {}
}
