{{- define "postfacto.selector" -}}
app.kubernetes.io/name: postfacto
app.kubernetes.io/component: web
{{- end }}

{{- define "postfacto.labels" -}}
app.kubernetes.io/name: postfacto
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.version | quote }}
app.kubernetes.io/part-of: postfacto
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "postfacto.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.version }}{{ end }}
{{- end }}

{{- /* The Secret with SECRET_KEY_BASE and ADMIN_PASSWORD. */}}
{{- define "postfacto.secret" -}}
{{ if eq .Values.secrets.source "keyVault" }}postfacto-key-vault{{ else }}postfacto{{ end }}
{{- end }}
