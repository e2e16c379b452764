# For every test in this folder.
domain          = "numbers.example.org"
subscription_id = "00000000-0000-0000-0000-00000000a001"
suffix          = "x1"
tenant_id       = "00000000-0000-0000-0000-00000000b001"
operators = {
  object_id = "00000000-0000-0000-0000-00000000d001"
  name      = "numbers-operators"
}
repository = {
  owner    = "Example"
  name     = "numbers"
  owner_id = 1
  id       = 2
}
