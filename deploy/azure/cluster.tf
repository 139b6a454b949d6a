# The control plane's identity may use the subnets and the public address, which are not in the group that AKS makes for itself.
resource "azurerm_user_assigned_identity" "cluster" {
  name                = "${var.name}-cluster"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  tags                = local.tags
}

resource "azurerm_role_assignment" "cluster_network" {
  scope                = azurerm_resource_group.main.id
  role_definition_name = "Network Contributor"
  principal_id         = azurerm_user_assigned_identity.cluster.principal_id
  principal_type       = "ServicePrincipal"
}

# It makes disks that are encrypted with the customer's key.
resource "azurerm_role_assignment" "cluster_disks" {
  scope                = azurerm_disk_encryption_set.main.id
  role_definition_name = "Reader"
  principal_id         = azurerm_user_assigned_identity.cluster.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_kubernetes_cluster" "main" {
  name                = var.name
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  dns_prefix          = var.name
  kubernetes_version  = var.kubernetes_version
  sku_tier            = var.cluster_tier

  automatic_upgrade_channel = "patch"
  node_os_upgrade_channel   = "NodeImage"

  # Identities of pods without passwords: the tokens of their service accounts are known to Entra.
  oidc_issuer_enabled       = true
  workload_identity_enabled = true

  # Without local accounts, the state has no credentials of the cluster that work.
  local_account_disabled = true
  azure_active_directory_role_based_access_control {
    tenant_id              = data.azurerm_client_config.current.tenant_id
    admin_group_object_ids = var.administrators
    azure_rbac_enabled     = true
  }

  dynamic "api_server_access_profile" {
    for_each = length(var.api_server_networks) > 0 ? [1] : []
    content {
      authorized_ip_ranges = var.api_server_networks
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.cluster.id]
  }

  default_node_pool {
    name                        = "system"
    temporary_name_for_rotation = "systemnext"
    vm_size                     = var.system_nodes.size
    node_count                  = var.system_nodes.count
    zones                       = ["1", "2", "3"]
    vnet_subnet_id              = azurerm_subnet.nodes.id
    os_sku                      = "AzureLinux3"
    os_disk_size_gb             = 128
    # Caches and the way to the disks are encrypted, too. The subscription has to have the feature: README.md.
    host_encryption_enabled      = true
    only_critical_addons_enabled = var.work_nodes != null

    upgrade_settings {
      max_surge = "1"
    }
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_data_plane  = "cilium"
    network_policy      = "cilium"
    load_balancer_sku   = "standard"
    pod_cidr            = var.addresses.pods
    service_cidr        = var.addresses.services
    dns_service_ip      = cidrhost(var.addresses.services, 10)
  }

  # Passwords become Secrets within two minutes after they changed in the vault.
  key_vault_secrets_provider {
    secret_rotation_enabled  = true
    secret_rotation_interval = "2m"
  }

  workload_autoscaler_profile {
    keda_enabled = true
  }

  # Nodes are those of the pools here: Azure does not choose sizes by itself.
  node_provisioning_profile {
    mode = "Manual"
  }

  tags = local.tags

  depends_on = [azurerm_role_assignment.cluster_network, azurerm_role_assignment.cluster_disks]
}

resource "azurerm_kubernetes_cluster_node_pool" "work" {
  count = var.work_nodes == null ? 0 : 1

  name                        = "work"
  temporary_name_for_rotation = "worknext"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.main.id
  vm_size                     = var.work_nodes.size
  auto_scaling_enabled        = true
  min_count                   = var.work_nodes.min
  max_count                   = var.work_nodes.max
  zones                       = ["1", "2", "3"]
  vnet_subnet_id              = azurerm_subnet.nodes.id
  os_sku                      = "AzureLinux3"
  os_disk_size_gb             = 128
  host_encryption_enabled     = true

  upgrade_settings {
    max_surge = "1"
  }

  tags = local.tags
}

resource "azurerm_container_registry" "main" {
  name                = var.name
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  sku                 = "Standard"
  admin_enabled       = false
  tags                = local.tags
}

# The nodes may fetch images, and nothing else.
resource "azurerm_role_assignment" "images" {
  scope                = azurerm_container_registry.main.id
  role_definition_name = "AcrPull"
  principal_id         = azurerm_kubernetes_cluster.main.kubelet_identity[0].object_id
  principal_type       = "ServicePrincipal"
}
