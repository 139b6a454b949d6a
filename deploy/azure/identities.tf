# Identities of pods. A service account of the cluster is an identity by the cluster's issuer: there is no password for it anywhere.
locals {
  identities = {
    # The pod that makes Secrets of the vault's passwords.
    passwords = "system:serviceaccount:${local.namespace}:frontdoor-passwords"
    # The log's PostgreSQL, which writes backups.
    backup = "system:serviceaccount:${local.namespace}:frontdoor-backup"
    # cert-manager, which proves by a DNS record that a name is ours.
    certificates = "system:serviceaccount:cert-manager:cert-manager"
  }
}

resource "azurerm_user_assigned_identity" "pods" {
  for_each = local.identities

  name                = "${var.name}-${each.key}"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  tags                = local.tags
}

resource "azurerm_federated_identity_credential" "pods" {
  for_each = local.identities

  name                      = each.key
  user_assigned_identity_id = azurerm_user_assigned_identity.pods[each.key].id
  issuer                    = azurerm_kubernetes_cluster.main.oidc_issuer_url
  audience                  = ["api://AzureADTokenExchange"]
  subject                   = each.value
}

resource "azurerm_role_assignment" "passwords" {
  scope                = azurerm_key_vault.main.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.pods["passwords"].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "backup" {
  scope                = azurerm_storage_container.log.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.pods["backup"].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "certificates" {
  scope                = azurerm_dns_zone.main.id
  role_definition_name = "DNS Zone Contributor"
  principal_id         = azurerm_user_assigned_identity.pods["certificates"].principal_id
  principal_type       = "ServicePrincipal"
}
