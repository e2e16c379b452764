locals {
  # Containers' logs, their events, their inventory, and the fill of their volumes.
  container_log_streams = ["Microsoft-ContainerLogV2", "Microsoft-InsightsMetrics", "Microsoft-KubeEvents", "Microsoft-KubePodInventory"]
}
