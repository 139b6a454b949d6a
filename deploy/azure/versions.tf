terraform {
  # OpenTofu 1.8 or later; Terraform 1.9 reads these files, too, and has another licence (docs/licences.md).
  required_version = ">= 1.8"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }

  # The state belongs in a storage account that is not made here, with access by identity instead of a key: README.md.
  backend "azurerm" {
    use_azuread_auth = true
  }
}

provider "azurerm" {
  features {}
  subscription_id = var.subscription_id
  # The storage account has no keys that may be used.
  storage_use_azuread = true
}
