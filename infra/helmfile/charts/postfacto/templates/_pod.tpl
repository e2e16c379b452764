{{- /*
The common part of the web servers' and the set-up's pods. Every pod of Postfacto has it, and so avoids nodes with
databases and caches.
*/}}

{{- define "postfacto.placement" -}}
nodeSelector:
  {{- toYaml .Values.nodeSelector | nindent 2 }}
affinity:
  podAntiAffinity:
    # Of any version, in any namespace. By the same rule, the scheduler keeps them off our nodes.
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        namespaceSelector: {}
        labelSelector:
          matchExpressions:
            - key: app.kubernetes.io/component
              operator: In
              values: [database, cache]
{{- end }}

{{- define "postfacto.podSecurity" -}}
serviceAccountName: postfacto
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  # The image names no user and would run as root. All users can read its files.
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "postfacto.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "postfacto.environment" -}}
envFrom:
  - configMapRef: { name: postfacto }
env:
  - name: SECRET_KEY_BASE
    valueFrom:
      secretKeyRef: { name: {{ include "postfacto.secret" . }}, key: SECRET_KEY_BASE }
  - name: DATABASE_URL
    valueFrom:
      secretKeyRef: { name: {{ .Values.database.secret }}, key: {{ .Values.database.key }} }
  {{- if eq .Values.actionCable.adapter "redis" }}
  - name: REDIS_URL
    valueFrom:
      secretKeyRef: { name: {{ .Values.actionCable.redis.secret }}, key: REDIS_URL }
  {{- end }}
{{- end }}

{{- define "postfacto.mounts" -}}
- { name: tmp, mountPath: /tmp }
- { name: rails-tmp, mountPath: /postfacto/tmp }
- { name: log, mountPath: /postfacto/log }
- { name: database-ca, mountPath: /etc/postgres, readOnly: true }
{{- if eq .Values.secrets.source "keyVault" }}
# While a pod has this volume, the driver keeps the Secret of the environment variables.
- { name: key-vault, mountPath: /etc/key-vault, readOnly: true }
{{- end }}
{{- end }}

{{- define "postfacto.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
- name: rails-tmp
  emptyDir: { sizeLimit: 64Mi }
- name: log
  emptyDir: { sizeLimit: 64Mi }
- name: database-ca
  secret:
    secretName: {{ .Values.database.caSecret }}
    items: [{ key: ca.crt, path: ca.crt }]
{{- if eq .Values.secrets.source "keyVault" }}
- name: key-vault
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes:
      secretProviderClass: postfacto
{{- end }}
{{- end }}
