locals {
  # Of 10.20.0.0/16:
  prefixes = {
    nodes             = cidrsubnet(var.address_space, 6, 0)    # 10.20.0.0/22
    postgres          = cidrsubnet(var.address_space, 12, 128) # 10.20.8.0/28
    private_endpoints = cidrsubnet(var.address_space, 11, 72)  # 10.20.9.0/27
    functions         = cidrsubnet(var.address_space, 10, 40)  # 10.20.10.0/26
    internal          = cidrsubnet(var.address_space, 11, 88)  # 10.20.11.0/27
  }

  private_dns_zones = {
    blob     = "privatelink.blob.core.windows.net"
    postgres = "${var.name}.postgres.database.azure.com"
    vault    = "privatelink.vaultcore.azure.net"
  }

  # Each open port, and its sources. The last rule of each group closes all others from inside the network, and Azure's
  # own rule closes them from outside.
  openings = {
    nodes = [
      # The load balancer keeps the requested address, so a rule cannot name a destination.
      { name = "internet-web", source = "Internet", protocol = "Tcp", ports = ["80", "443"] },
      { name = "functions-postgres", source = local.prefixes.functions, protocol = "Tcp", ports = ["5432"] },
      # Nodes and pods use all ports between them; network policies restrict the pods.
      { name = "nodes", source = local.prefixes.nodes, protocol = "*", ports = ["0-65535"] },
      { name = "pods", source = var.pod_address_space, protocol = "*", ports = ["0-65535"] },
      # Azure counts the source address of its probes as part of the network, which the last rule closes.
      { name = "load-balancer-probes", source = "AzureLoadBalancer", protocol = "*", ports = ["0-65535"] },
    ]
    postgres = [
      { name = "functions", source = local.prefixes.functions, protocol = "Tcp", ports = ["5432"] },
      # Operators reach the database from a pod of the cluster.
      { name = "nodes", source = local.prefixes.nodes, protocol = "Tcp", ports = ["5432"] },
      # The standby of a server with high availability.
      { name = "servers", source = local.prefixes.postgres, protocol = "Tcp", ports = ["5432"] },
    ]
    private_endpoints = [
      { name = "functions", source = local.prefixes.functions, protocol = "Tcp", ports = ["443"] },
      { name = "nodes", source = local.prefixes.nodes, protocol = "Tcp", ports = ["443"] },
    ]
    # Flex Consumption may need traffic between the app's instances.
    functions = [
      { name = "functions", source = local.prefixes.functions, protocol = "*", ports = ["0-65535"] },
    ]
  }
}
