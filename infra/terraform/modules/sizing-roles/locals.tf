locals {
  # What the app does when it sizes something, and not one action more. Each is given on one resource.
  roles = {
    site = {
      description = "Read a function app and write it back with another number of instances"
      actions = [
        "Microsoft.Web/sites/read",
        "Microsoft.Web/sites/write",
      ]
    }
    node_pool = {
      description = "Read a node pool and write it back with another number of nodes"
      actions = [
        "Microsoft.ContainerService/managedClusters/agentPools/read",
        "Microsoft.ContainerService/managedClusters/agentPools/write",
      ]
    }
    # Both are written back whole. Resource Manager then asks, of everything that they name, whether the
    # writer may join it.
    plan = {
      description = "Write back a function app that names this plan"
      actions     = ["Microsoft.Web/serverFarms/join/action"]
    }
    subnet = {
      description = "Write back a function app or a node pool that names this subnet"
      actions     = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
    identity = {
      description = "Write back a function app that names this identity"
      actions     = ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"]
    }
  }
}
