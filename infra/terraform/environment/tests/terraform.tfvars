# For every test in this folder: the values that bootstrap gives, and the operator's own.
api_server_ip_ranges = ["198.51.100.0/24"]
budget               = { amount = 500, start = "2026-12-01" }
location             = "westeurope"
name                 = "numbers-test"
subscription_id      = "00000000-0000-0000-0000-00000000a001"
suffix               = "x1"
tenant_id            = "00000000-0000-0000-0000-00000000b001"

database_administrator = {
  object_id = "00000000-0000-0000-0000-00000000d001"
  name      = "numbers-database-administrators"
}

dns_zone = {
  id                  = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-numbers-test-dns/providers/Microsoft.Network/dnsZones/test.numbers.example.org"
  name                = "test.numbers.example.org"
  resource_group_id   = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-numbers-test-dns"
  resource_group_name = "rg-numbers-test-dns"
}

resource_group = {
  id   = "/subscriptions/00000000-0000-0000-0000-00000000a001/resourceGroups/rg-numbers-test"
  name = "rg-numbers-test"
}

second_clock_role_definition_id = "/providers/Microsoft.Authorization/roleDefinitions/second-clock"

sizing_role_definition_ids = {
  identity  = "/providers/Microsoft.Authorization/roleDefinitions/identity"
  node_pool = "/providers/Microsoft.Authorization/roleDefinitions/node-pool"
  plan      = "/providers/Microsoft.Authorization/roleDefinitions/plan"
  site      = "/providers/Microsoft.Authorization/roleDefinitions/site"
  subnet    = "/providers/Microsoft.Authorization/roleDefinitions/subnet"
}
