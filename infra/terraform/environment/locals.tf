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

  # The settings of the app that a run of these timers reads, and the names of those that are secrets of the vault.
  timer_settings = {
    for name, value in module.function_app.settings : name => value
    if can(regex("^(AWS|BACKUP|DATABASE|DRILL|HEARTBEAT|LOG)(_|$)", name))
  }
  timer_secrets = {
    for name, value in local.timer_settings : name => trimsuffix(split("/secrets/", value)[1], ")")
    if startswith(value, "@Microsoft.KeyVault(")
  }
  timer_schedules = {
    postfacto_backup        = var.backup.schedule
    postfacto_restore_drill = var.backup.drill_schedule
  }

  # Resources whose data cannot be made again.
  locked = {
    app_vault       = module.vault["app"].id
    backups         = module.backup_storage.id
    postfacto_vault = module.vault["postfacto"].id
    postgres        = module.postgres.id
  }
}
