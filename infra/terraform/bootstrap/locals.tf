locals {
  subscription = "/subscriptions/${var.subscription_id}"

  names = { for environment in var.environments : environment => "${var.project}-${environment}" }

  # The roles that an environment assigns to its identities. Its pipeline may assign only these. The ids are Azure's own,
  # the same in every tenant:
  # https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
  assignable_roles = {
    "DNS Zone Contributor"          = "befefa01-2a29-4197-83a8-272ff33ce314"
    "Key Vault Secrets User"        = "4633458b-17de-408a-b874-0445c86b69e6"
    "Monitoring Metrics Publisher"  = "3913510d-42f4-4e42-8a64-420c390055eb"
    "Network Contributor"           = "4d97b98b-1d4f-4787-a291-c67834d212e7"
    "Reader"                        = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    "Storage Blob Data Contributor" = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    "Storage Blob Data Owner"       = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
    "Storage Blob Data Reader"      = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
  }

  # Only these roles, and only to programs.
  grant_conditions = {
    for environment, name in local.names : environment => join(" AND ", [
      for action, side in { write = "@Request", delete = "@Resource" } : join("", [
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${action}'})) OR (",
        "${side}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {",
        join(", ", concat(
          values(local.assignable_roles),
          values(module.sizing_roles[environment].role_definition_guids),
          [azurerm_role_definition.second_clock[environment].role_definition_id],
        )),
        "} AND ${side}[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))",
      ])
    ])
  }
}
