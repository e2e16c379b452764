{{- define "observer.labels" -}}
app.kubernetes.io/name: observer
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* By container: the kind that it reads, and the template of its lines. */}}
{{- define "observer.questions" -}}
certificates:
  get: [certificates.cert-manager.io]
  line: 'observed certificate {.metadata.namespace}/{.metadata.name} {.status.notAfter}{"\n"}'
archiving:
  get: [clusters.postgresql.cnpg.io]
  line: 'observed archiving {.metadata.namespace}/{.metadata.name} {.status.conditions[?(@.type=="ContinuousArchiving")].status}{"\n"}'
backups:
  get: [backups.postgresql.cnpg.io]
  of: '?(@.status.phase=="completed")'
  line: 'observed backup {.metadata.namespace}/{.spec.cluster.name} {.status.stoppedAt}{"\n"}'
servers:
  get: [deployments.apps, --selector, app.kubernetes.io/part-of=postfacto]
  line: 'observed servers {.metadata.namespace}/{.metadata.name} {.status.readyReplicas}{"\n"}'
{{- end }}
