{{- /*
CloudNativePG sets `component: database` on its pods. It is here too, because Postfacto's pods avoid nodes with it.
*/}}
{{- define "postgres.inherited" -}}
app.kubernetes.io/component: database
app.kubernetes.io/part-of: postfacto
{{- end }}

{{- define "postgres.labels" -}}
{{ include "postgres.inherited" . }}
app.kubernetes.io/name: postgres
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "postgres.plugin" -}}
barman-cloud.cloudnative-pg.io
{{- end }}

{{- define "postgres.archive" -}}
https://{{ .Values.barman.storageAccount }}.blob.core.windows.net/{{ .Values.barman.folder }}
{{- end }}
