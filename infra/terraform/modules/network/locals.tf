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

  # Each port that is open, to whom. All else from inside the network is closed by the last rule of each
  # group, and from the outside by Azure's own.
  openings = {
    nodes = [
      # The load balancer keeps the address that was asked for, so no destination can be named.
      { name = "internet-web", source = "Internet", protocol = "Tcp", ports = ["80", "443"] },
      { name = "functions-postgres", source = local.prefixes.functions, protocol = "Tcp", ports = ["5432"] },
      # Nodes and pods talk to each other on everything; what pods may is decided by network policies.
      { name = "nodes", source = local.prefixes.nodes, protocol = "*", ports = ["0-65535"] },
      { name = "pods", source = var.pod_address_space, protocol = "*", ports = ["0-65535"] },
      # Azure counts the address that its probes come from as part of the network, which the last rule closes.
      { name = "load-balancer-probes", source = "AzureLoadBalancer", protocol = "*", ports = ["0-65535"] },
    ]
    postgres = [
      { name = "functions", source = local.prefixes.functions, protocol = "Tcp", ports = ["5432"] },
      # A person at work on the database is a pod of the cluster.
      { name = "nodes", source = local.prefixes.nodes, protocol = "Tcp", ports = ["5432"] },
      # The standby of a server with high availability.
      { name = "servers", source = local.prefixes.postgres, protocol = "Tcp", ports = ["5432"] },
    ]
    private_endpoints = [
      { name = "functions", source = local.prefixes.functions, protocol = "Tcp", ports = ["443"] },
      { name = "nodes", source = local.prefixes.nodes, protocol = "Tcp", ports = ["443"] },
    ]
    # What the app's instances are behind the scenes may have to talk to each other.
    functions = [
      { name = "functions", source = local.prefixes.functions, protocol = "*", ports = ["0-65535"] },
    ]
  }
}
