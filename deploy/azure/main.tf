data "azurerm_client_config" "current" {}

resource "azurerm_resource_group" "main" {
  name     = var.name
  location = var.location
  tags     = local.tags
}

locals {
  tags          = merge({ application = "frontdoor" }, var.tags)
  namespace     = "frontdoor"
  public_host   = "${var.public_name}.${var.dns_zone}"
  internal_host = "${var.internal_name}.${var.dns_zone}"
  # The tenth address: Azure keeps the first four of a subnet.
  internal_address = cidrhost(var.addresses.entrance, 10)
}
