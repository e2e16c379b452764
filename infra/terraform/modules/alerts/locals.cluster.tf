# Alerts on the cluster, from the lines of the chart `observer`: observed <kind> <namespace>/<name> <value>.
locals {
  observed = "ContainerLogV2 | where PodNamespace == 'observer' | parse tostring(LogMessage) with 'observed ' kind ' ' object ' ' value"

  cluster_alerts = {
    certificate = {
      description = "A certificate of the cluster ends within 14 days: kubectl describe certificate, and the log of cert-manager; it renews 30 days before."
      severity    = 1
      window      = "PT1H"
      query       = "${local.observed} | where kind == 'certificate' | summarize arg_max(TimeGenerated, value) by object | where isnull(todatetime(value)) or todatetime(value) < now() + 14d"
    }
    archiving = {
      description = "A database on the cluster does not archive its WAL: its disk fills, and a restore loses what is not archived. Read the log of the container plugin-barman-cloud."
      severity    = 1
      window      = "PT1H"
      query       = "${local.observed} | where kind == 'archiving' | summarize arg_max(TimeGenerated, value) by object | where trim(' ', value) != 'True'"
    }
    base_backup = {
      description = "A database on the cluster has no base backup from the last 26 hours: kubectl get backup, and the log of the container plugin-barman-cloud."
      severity    = 1
      window      = "PT1H"
      query       = "let lines = ${local.observed}; lines | where kind == 'archiving' | distinct object | join kind=leftouter (lines | where kind == 'backup' | summarize newest = max(todatetime(value)) by object) on object | where isnull(newest) or newest < ago(26h)"
    }
    postfacto = {
      description = "A version of Postfacto has no ready server: kubectl get pods of its namespace, and the log of its pods."
      severity    = 1
      window      = "PT1H"
      query       = "${local.observed} | where kind == 'servers' and object endswith '/postfacto' | summarize arg_max(TimeGenerated, value) by object | where coalesce(toint(trim(' ', value)), 0) == 0"
    }
    observer = {
      description = "The observer has written nothing for an hour, so the cluster's other alerts cannot fire: kubectl get jobs of the namespace observer, and check that the cluster runs."
      severity    = 1
      window      = "PT1H"
      query       = "${local.observed} | summarize lines = countif(isnotempty(kind)) | where lines == 0"
    }
    volume = {
      description = "A volume of the cluster is four fifths full: find out what grows, then raise storage.size of its database."
      severity    = 2
      window      = "PT1H"
      query       = "InsightsMetrics | where Namespace == 'container.azm.ms/pv' and Name == 'pvUsedBytes' | extend tags = parse_json(Tags) | summarize arg_max(TimeGenerated, Val, tags) by volume = strcat(tags.podNamespace, '/', tags.pvcName) | where Val > 0.8 * todouble(tags.pvCapacityBytes)"
    }
  }
}
