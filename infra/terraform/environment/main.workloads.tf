# The identities of the cluster's programs.

locals {
  # By program: the role that it has on each scope, and the service accounts that act with it.
  workloads = {
    cert-manager = {
      service_accounts = ["cert-manager/cert-manager"]
      roles            = { zone = { scope = var.dns_zone.id, role_definition_name = "DNS Zone Contributor" } }
    }
    external-dns = {
      service_accounts = ["external-dns/external-dns"]
      roles = {
        # It finds its zone by listing those of the group, which holds nothing else.
        group = { scope = var.dns_zone.resource_group_id, role_definition_name = "Reader" }
        zone  = { scope = var.dns_zone.id, role_definition_name = "DNS Zone Contributor" }
      }
    }
    postfacto = {
      service_accounts = [for namespace in values(local.postfacto_namespaces) : "${namespace}/postfacto"]
      roles            = { secrets = { scope = module.vault["postfacto"].id, role_definition_name = "Key Vault Secrets User" } }
    }
    postgres-backup = {
      service_accounts = [for namespace in values(local.postfacto_namespaces) : "${namespace}/postgres"]
      roles            = { barman = { scope = module.backup_storage.container_ids.barman, role_definition_name = "Storage Blob Data Contributor" } }
    }
    # The cluster's own driver makes snapshots of volumes, with the cluster's identity. Velero only stores.
    velero = {
      service_accounts = ["velero/velero"]
      roles            = { backups = { scope = module.backup_storage.container_ids.velero, role_definition_name = "Storage Blob Data Contributor" } }
    }
  }
}

module "workload" {
  source   = "../modules/workload-identity"
  for_each = local.workloads

  name                = "id-${var.name}-${each.key}"
  resource_group_name = var.resource_group.name
  location            = var.location
  issuer              = module.aks.oidc_issuer_url
  roles               = each.value.roles
  service_accounts    = each.value.service_accounts
  tags                = var.tags
}

# The CronJobs act as the app: the same role in PostgreSQL, the same containers and secrets.
resource "azurerm_federated_identity_credential" "timers" {
  count = length(var.cluster_timers) > 0 ? 1 : 0

  name                      = "timers"
  user_assigned_identity_id = azurerm_user_assigned_identity.app.id
  audience                  = ["api://AzureADTokenExchange"]
  issuer                    = module.aks.oidc_issuer_url
  subject                   = "system:serviceaccount:magnusapi:timers"
}
