# For every test in this folder.
name                                   = "numbers-test"
location                               = "westeurope"
package_storage_name                   = "stnumberstesthost"
application_insights_connection_string = "InstrumentationKey=00000000-0000-0000-0000-000000000000"
front_door_guid                        = "00000000-0000-0000-0000-00000000fd01"
private_dns_zone_id                    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
vault_uri                              = "https://kv-numbers-test.vault.azure.net/"
resource_group = {
  id   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
  name = "rg"
}
subnets = {
  functions         = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/functions"
  private_endpoints = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/private-endpoints"
}
identity = {
  id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-numbers-test-app"
  client_id    = "00000000-0000-0000-0000-00000000c001"
  name         = "id-numbers-test-app"
  principal_id = "00000000-0000-0000-0000-00000000f001"
}
database = {
  host = "psql-numbers-test.postgres.database.azure.com"
  name = "items"
}
backup = {
  storage_account = "stnumberstestbackup"
  container       = "exports"
}
