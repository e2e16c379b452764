{{- /*
CloudNativePG sets `component: database` on its pods by itself; it is asked for here too, since
Postfacto's pods keep away from it.
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
