locals {
  # Only the actions that a change of a size needs. Each role is for one resource.
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
    # A write contains the whole resource. The Resource Manager then checks that the writer may join each resource that
    # it names.
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
