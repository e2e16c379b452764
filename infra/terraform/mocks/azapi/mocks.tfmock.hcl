# As in ../azurerm.

mock_resource "azapi_resource" {
  defaults = {
    id     = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-numbers-test/providers/Microsoft.Web/sites/func"
    output = { properties = { defaultHostName = "func-numbers-test.azurewebsites.net" } }
  }
}
