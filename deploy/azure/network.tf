resource "azurerm_virtual_network" "main" {
  name                = var.name
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  address_space       = [var.addresses.network]
  tags                = local.tags
}

resource "azurerm_subnet" "nodes" {
  name                 = "nodes"
  resource_group_name  = azurerm_resource_group.main.name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = [var.addresses.nodes]

  # Backups do not leave Azure's network, and the storage account refuses all other networks.
  service_endpoint {
    service = "Microsoft.Storage"
  }
}

resource "azurerm_subnet" "entrance" {
  name                 = "entrance"
  resource_group_name  = azurerm_resource_group.main.name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = [var.addresses.entrance]
}

resource "azurerm_public_ip" "public" {
  name                = "${var.name}-public"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = ["1", "2", "3"]
  tags                = local.tags
}

resource "azurerm_dns_zone" "main" {
  name                = var.dns_zone
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
}

resource "azurerm_dns_a_record" "public" {
  name                = var.public_name
  zone_name           = azurerm_dns_zone.main.name
  resource_group_name = azurerm_resource_group.main.name
  ttl                 = 300
  target_resource_id  = azurerm_public_ip.public.id
}

# A zone for the internal name alone, so that the public names of the domain still resolve inside. Connected networks are linked to it, or
# forward the name.
resource "azurerm_private_dns_zone" "internal" {
  name                = local.internal_host
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
}

resource "azurerm_private_dns_a_record" "internal" {
  name                = "@"
  private_dns_zone_id = azurerm_private_dns_zone.internal.id
  ttl                 = 300
  records             = [local.internal_address]
}

resource "azurerm_private_dns_zone_virtual_network_link" "internal" {
  name                = var.name
  private_dns_zone_id = azurerm_private_dns_zone.internal.id
  virtual_network_id  = azurerm_virtual_network.main.id
}
