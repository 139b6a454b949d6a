output "overlay_settings" {
  description = "The file deploy/kubernetes/overlays/aks/azure.env. Nothing in it is secret."
  value       = <<-END
    REGISTRY=${azurerm_container_registry.main.login_server}
    RESOURCE_GROUP=${azurerm_resource_group.main.name}
    SUBSCRIPTION_ID=${var.subscription_id}
    TENANT_ID=${data.azurerm_client_config.current.tenant_id}
    KEY_VAULT=${azurerm_key_vault.main.name}
    SECRETS_CLIENT_ID=${azurerm_user_assigned_identity.pods["passwords"].client_id}
    BACKUP_CLIENT_ID=${azurerm_user_assigned_identity.pods["backup"].client_id}
    BACKUP_CONTAINER=${azurerm_storage_account.backups.primary_blob_endpoint}${azurerm_storage_container.log.name}
    CERTIFICATES_CLIENT_ID=${azurerm_user_assigned_identity.pods["certificates"].client_id}
    CERTIFICATES_EMAIL=${var.certificates_email}
    DISK_ENCRYPTION_SET=${azurerm_disk_encryption_set.main.id}
    DNS_ZONE=${azurerm_dns_zone.main.name}
    PUBLIC_HOST=${local.public_host}
    INTERNAL_HOST=${local.internal_host}
    PUBLIC_ADDRESS=${azurerm_public_ip.public.name}
    INTERNAL_ADDRESS=${local.internal_address}
    INTERNAL_SUBNET=${azurerm_subnet.entrance.name}
  END
}

output "name_servers" {
  description = "The name servers of the zone. The owner of the domain above delegates the zone to them."
  value       = azurerm_dns_zone.main.name_servers
}

output "certificates_client_id" {
  description = "The identity of cert-manager, for its installation."
  value       = azurerm_user_assigned_identity.pods["certificates"].client_id
}
