locals {
  # Only the app's exports can be immutable: it overwrites nothing, and knows how long it may not delete.
  # Barman and Velero delete by rules of their own, and would fail at it.
  containers = {
    exports = "exports"
    barman  = "barman"
    velero  = "velero"
    # What people write and the app reads: another scale.toml, calendars of holidays.
    schedules = "schedules"
  }
}
