locals {
  # Names that must be unique in all of Azure. Storage accounts take no hyphens.
  unique_name  = "${var.name}-${var.suffix}"
  storage_name = replace(var.name, "-", "")

  postfacto_namespaces = { for version in var.postfacto_versions : version => "postfacto-${replace(version, ".", "-")}" }

  app_secrets = setunion(
    [for name in var.backup.databases : "backup-database-url-${name}"],
    var.backup.drill_identity ? ["drill-identity"] : [],
    var.notify.heartbeat ? ["heartbeat-url"] : [],
    [for function in var.notify.heartbeats : "heartbeat-url-${replace(function, "_", "-")}"],
    [for name in keys(var.notify.receivers) : "notify-url-${name}"],
    [for name, receiver in var.notify.receivers : "notify-secret-${name}" if receiver.signed],
  )

  # Resources whose data cannot be made again.
  locked = {
    app_vault       = module.vault["app"].id
    backups         = module.backup_storage.id
    postfacto_vault = module.vault["postfacto"].id
    postgres        = module.postgres.id
  }
}
