{{- /* What pods of a part are selected by. Given: root, part. */ -}}
{{- define "exosphere.selector" -}}
app.kubernetes.io/name: exosphere
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- /* Labels of every object. Given: root, part. */ -}}
{{- define "exosphere.labels" -}}
{{ include "exosphere.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "exosphere.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* Environment of state managers and background jobs. */ -}}
{{- define "exosphere.environment" -}}
- name: EXOSPHERE_REDIS_URL
  valueFrom:
    secretKeyRef: {name: {{ .Values.secret.name }}, key: {{ .Values.secret.redisUrl }}}
{{- if .Values.secret.workerRedisUrl }}
- name: EXOSPHERE_WORKER_REDIS_URL
  valueFrom:
    secretKeyRef: {name: {{ .Values.secret.name }}, key: {{ .Values.secret.workerRedisUrl }}}
{{- end }}
- name: STATE_MANAGER_SECRET
  valueFrom:
    secretKeyRef: {name: {{ .Values.secret.name }}, key: {{ .Values.secret.rootKey }}}
- name: SECRETS_ENCRYPTION_KEY
  valueFrom:
    secretKeyRef: {name: {{ .Values.secret.name }}, key: {{ .Values.secret.encryptionKey }}}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /* What all pods have in common. Given: root, part, settings (nodeSelector, tolerations). */ -}}
{{- define "exosphere.pod" -}}
# Nobody here talks to Kubernetes, and variables made of Services are none of ours.
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- if .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range $name := .root.Values.image.pullSecrets }}
  - name: {{ $name }}
  {{- end }}
{{- end }}
{{- if .settings.nodeSelector }}
nodeSelector:
  {{- toYaml .settings.nodeSelector | nindent 2 }}
{{- end }}
{{- if .settings.tolerations }}
tolerations:
  {{- toYaml .settings.tolerations | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "exosphere.selector" . | nindent 8 }}
volumes:
  - name: tmp
    emptyDir: {}
{{- if .root.Values.redisTls.secretName }}
  - name: redis-tls
    secret:
      secretName: {{ .root.Values.redisTls.secretName }}
      # Readable by the group of the pod alone.
      defaultMode: 288
{{- end }}
{{- end }}

{{- /* What all containers have in common. Given: the root. */ -}}
{{- define "exosphere.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- if .Values.redisTls.secretName }}
  - name: redis-tls
    mountPath: /etc/exosphere/redis-tls
    readOnly: true
{{- end }}
{{- end }}
