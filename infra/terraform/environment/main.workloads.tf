# The identities of what runs in the cluster.

module "cert_manager" {
  source = "../modules/workload-identity"

  name                = "id-${var.name}-cert-manager"
  resource_group_name = var.resource_group.name
  location            = var.location
  issuer              = module.aks.oidc_issuer_url
  service_accounts    = ["cert-manager/cert-manager"]
  tags                = var.tags

  roles = {
    zone = { scope = var.dns_zone.id, role_definition_name = "DNS Zone Contributor" }
  }
}

module "external_dns" {
  source = "../modules/workload-identity"

  name                = "id-${var.name}-external-dns"
  resource_group_name = var.resource_group.name
  location            = var.location
  issuer              = module.aks.oidc_issuer_url
  service_accounts    = ["external-dns/external-dns"]
  tags                = var.tags

  roles = {
    zone = { scope = var.dns_zone.id, role_definition_name = "DNS Zone Contributor" }
    # It finds its zone by listing those of the group, which holds nothing else.
    group = { scope = var.dns_zone.resource_group_id, role_definition_name = "Reader" }
  }
}

module "postgres_backup" {
  source = "../modules/workload-identity"

  name                = "id-${var.name}-postgres-backup"
  resource_group_name = var.resource_group.name
  location            = var.location
  issuer              = module.aks.oidc_issuer_url
  service_accounts    = [for namespace in values(local.postfacto_namespaces) : "${namespace}/postgres"]
  tags                = var.tags

  roles = {
    barman = { scope = module.backup_storage.container_ids.barman, role_definition_name = "Storage Blob Data Contributor" }
  }
}

module "postfacto" {
  source = "../modules/workload-identity"

  name                = "id-${var.name}-postfacto"
  resource_group_name = var.resource_group.name
  location            = var.location
  issuer              = module.aks.oidc_issuer_url
  service_accounts    = [for namespace in values(local.postfacto_namespaces) : "${namespace}/postfacto"]
  tags                = var.tags

  roles = {
    secrets = { scope = module.postfacto_vault.id, role_definition_name = "Key Vault Secrets User" }
  }
}

# Volumes are snapshot by the cluster's own driver, with the cluster's identity: this one only stores.
module "velero" {
  source = "../modules/workload-identity"

  name                = "id-${var.name}-velero"
  resource_group_name = var.resource_group.name
  location            = var.location
  issuer              = module.aks.oidc_issuer_url
  service_accounts    = ["velero/velero"]
  tags                = var.tags

  roles = {
    backups = { scope = module.backup_storage.container_ids.velero, role_definition_name = "Storage Blob Data Contributor" }
  }
}
