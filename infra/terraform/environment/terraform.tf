terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "~> 2.12"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }

  # `cargo xtask infra` adds storage_account_name, and as container_name the environment's name.
  backend "azurerm" {
    key              = "platform.tfstate"
    use_azuread_auth = true
  }
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  storage_use_azuread = true
  tenant_id           = var.tenant_id

  features {
    key_vault {
      purge_soft_delete_on_destroy = false
    }

    # The accounts are private: Terraform cannot reach the data in them, and does not need it.
    storage {
      data_plane_available = false
    }
  }
}

provider "azapi" {
  subscription_id = var.subscription_id
  tenant_id       = var.tenant_id
}

# The state records its environment. `ignore_changes` keeps the first value, so validations of the variables `name`
# and `subscription_id` compare every later plan with it.
resource "terraform_data" "owner" {
  input = var.resource_group.id

  lifecycle {
    ignore_changes = [input]
  }
}
