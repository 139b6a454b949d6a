resource "azurerm_storage_account" "backups" {
  name                            = "${var.name}backups"
  resource_group_name             = azurerm_resource_group.main.name
  location                        = azurerm_resource_group.main.location
  account_kind                    = "StorageV2"
  account_tier                    = "Standard"
  account_replication_type        = var.backup_replication
  access_tier                     = "Cool"
  min_tls_version                 = "TLS1_2"
  allow_nested_items_to_be_public = false
  # The keys are in the state, and nothing accepts them.
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  local_user_enabled              = false
  tags                            = local.tags

  network_rules {
    default_action             = "Deny"
    bypass                     = ["AzureServices"]
    virtual_network_subnet_ids = [azurerm_subnet.nodes.id]
  }

  # A database that is taken over may delete its backups; they come back from here.
  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = var.backup_undelete_days
    }

    container_delete_retention_policy {
      days = var.backup_undelete_days
    }
  }
}

resource "azurerm_storage_container" "log" {
  name                  = "log"
  storage_account_id    = azurerm_storage_account.backups.id
  container_access_type = "private"
}

# Old versions of what Barman deleted after its retention, or overwrote.
resource "azurerm_storage_management_policy" "backups" {
  storage_account_id = azurerm_storage_account.backups.id

  rule {
    name    = "old-versions"
    enabled = true

    filters {
      blob_types = ["blockBlob"]
    }

    actions {
      version {
        delete_after_days_since_creation = var.backup_undelete_days
      }
    }
  }
}
