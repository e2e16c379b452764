locals {
  # What containers write, what happened to them, which there were, and how full their volumes are.
  container_log_streams = ["Microsoft-ContainerLogV2", "Microsoft-InsightsMetrics", "Microsoft-KubeEvents", "Microsoft-KubePodInventory"]
}
