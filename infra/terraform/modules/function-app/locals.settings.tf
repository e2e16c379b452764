# All settings of the app: Azure replaces the whole set, so each setting must be here.
locals {
  # A reference to a secret of the vault, by its name.
  secret = "@Microsoft.KeyVault(SecretUri=${var.vault_uri}secrets/%s)"

  platform_settings = {
    # A user-assigned identity needs all three.
    AzureWebJobsStorage__accountName = azurerm_storage_account.this.name
    AzureWebJobsStorage__clientId    = var.identity.client_id
    AzureWebJobsStorage__credential  = "managedidentity"

    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${var.identity.client_id};Authorization=AAD"
    APPLICATIONINSIGHTS_CONNECTION_STRING     = var.application_insights_connection_string
  }

  app_settings = {
    AZURE_CLIENT_ID            = var.identity.client_id
    DATABASE_AUTH              = "entra"
    DATABASE_URL               = "postgres://${var.identity.name}@${var.database.host}:5432/${var.database.name}?sslmode=verify-full"
    ITEM_HOUSEKEEPING_SCHEDULE = var.item_housekeeping_schedule
    TIMERS_ELSEWHERE           = join(",", sort(var.timers_elsewhere))
  }

  backup_settings = {
    BACKUP_COMPRESSION          = var.backup.compression
    BACKUP_COPY_KEEP            = var.backup.copy_keep
    BACKUP_COPY_STORAGE_ACCOUNT = var.backup.copy_storage_account
    BACKUP_COPY_URL             = var.backup.copy_url

    BACKUP_DATABASES       = join(",", sort(var.backup.databases))
    BACKUP_FAIL_AFTER      = var.backup.fail_after_hours
    BACKUP_IMMUTABLE_DAYS  = var.backup.immutable_days
    BACKUP_JOBS            = var.backup.jobs
    BACKUP_KEEP            = var.backup.keep
    BACKUP_RECIPIENTS      = join(",", var.backup.recipients)
    BACKUP_SCHEDULE        = var.backup.schedule
    BACKUP_STORAGE_ACCOUNT = var.backup.storage_account
    BACKUP_STORAGE_WAIT    = var.backup.storage_wait_seconds
    BACKUP_URL             = "az://${var.backup.container}"
    BACKUP_WARN_AFTER      = var.backup.warn_after_hours

    # Not one of the backed-up servers, whose disks a drill could fill.
    DRILL_AFTER         = var.backup.drill_after
    DRILL_DATABASE_AUTH = "entra"
    DRILL_DATABASE_URL  = "postgres://${var.identity.name}@${var.database.host}:5432/postgres?sslmode=verify-full"
    DRILL_FAIL_AFTER    = var.backup.drill_fail_after_hours
    DRILL_IDENTITY      = var.backup.drill_identity ? format(local.secret, "drill-identity") : null
    DRILL_SCHEDULE      = var.backup.drill_schedule
    DRILL_WARN_AFTER    = var.backup.drill_warn_after_hours
  }

  database_settings = {
    for name in var.backup.databases :
    "BACKUP_DATABASE_URL_${upper(replace(name, "-", "_"))}" => format(local.secret, "backup-database-url-${name}")
  }

  notify_settings = merge(
    {
      HEARTBEAT_URL    = var.notify.heartbeat ? format(local.secret, "heartbeat-url") : null
      NOTIFY_LINK      = var.notify.link
      NOTIFY_NETWORKS  = join(",", sort(var.notify.networks))
      NOTIFY_RECEIVERS = join(",", keys(var.notify.receivers))
      NOTIFY_SIZES     = var.notify.sizes ? "on" : null
    },
    {
      for function in var.notify.heartbeats :
      "HEARTBEAT_URL_${upper(function)}" => format(local.secret, "heartbeat-url-${replace(function, "_", "-")}")
    },
    merge([
      for name, receiver in var.notify.receivers : {
        for setting, value in {
          FORMAT = receiver.format
          SECRET = receiver.signed ? format(local.secret, "notify-secret-${name}") : null
          URL    = format(local.secret, "notify-url-${name}")
        } : "NOTIFY_${setting}_${upper(replace(name, "-", "_"))}" => value
      }
    ]...),
  )

  scale_resources = merge({ web = local.id }, var.scale.resources)
  scale_settings = {
    SCALE_CONFIG           = var.scale.config
    SCALE_RESOURCE_MANAGER = var.scale.resource_manager
    SCALE_RESOURCES        = join(",", [for name, id in local.scale_resources : "${name}=${id}"])
    SCALE_STORAGE_ACCOUNT  = var.scale.storage_account
  }

  settings = {
    for name, value in merge(
      var.settings,
      local.platform_settings,
      local.app_settings,
      local.backup_settings,
      local.database_settings,
      local.notify_settings,
      local.scale_settings,
    ) : name => tostring(value) if value != null && value != ""
  }
}
