locals {
  # What containers write, what happened to them, and which there were; no metrics.
  container_log_streams = ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents", "Microsoft-KubePodInventory"]
}
