locals {
  # Only the app's exports can be immutable: the app overwrites nothing and respects the immutable days. Barman and
  # Velero delete by their own rules, and would fail.
  containers = {
    exports = "exports"
    barman  = "barman"
    velero  = "velero"
    # Operators write and the app reads: another scale.toml, calendars of holidays.
    schedules = "schedules"
  }
}
