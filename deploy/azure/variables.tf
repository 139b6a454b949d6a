variable "subscription_id" {
  description = "The subscription in which everything is made."
  type        = string
}

variable "name" {
  description = "Name of the installation: a prefix of all names. Lower case letters and digits, because names of registries and storage accounts have nothing else; they are unique in all of Azure. A registry's name has at least 5 characters, and a storage account's at most 24, of which `backups` are 7."
  type        = string
  default     = "frontdoor"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{4,14}$", var.name))
    error_message = "5 to 15 lower case letters and digits, a letter first."
  }
}

variable "location" {
  description = "Azure region. It needs three availability zones and Premium SSD v2, and has to be where the data may be."
  type        = string
  default     = "uksouth"
}

variable "backup_replication" {
  description = "Copies of the backups: ZRS keeps three in the zones of the region, GZRS also one in the paired region."
  type        = string
  default     = "GZRS"

  validation {
    condition     = contains(["ZRS", "GZRS"], var.backup_replication)
    error_message = "ZRS or GZRS: a backup has to survive the loss of a zone."
  }
}

variable "backup_undelete_days" {
  description = "Days in which a backup that was deleted, or overwritten, can be brought back."
  type        = number
  default     = 14
}

variable "dns_zone" {
  description = "The domain, such as frontdoor.example.org. The owner of the domain above delegates it to the name servers that are printed."
  type        = string
}

variable "public_name" {
  description = "Name in the zone for patients and apps, in the internet."
  type        = string
  default     = "www"
}

variable "internal_name" {
  description = "Name in the zone for operators, auditors and practices, which only connected networks resolve and reach."
  type        = string
  default     = "internal"
}

variable "certificates_email" {
  description = "Address to which Let's Encrypt writes before a certificate ends that was not renewed."
  type        = string
}

variable "administrators" {
  description = "Object ids of the Entra groups whose members administer the cluster. There is no other way in: local accounts are off."
  type        = list(string)

  validation {
    condition     = length(var.administrators) > 0
    error_message = "At least one group, or nobody can reach the cluster."
  }
}

variable "api_server_networks" {
  description = "Networks that may reach the cluster's API server, as CIDR. Empty: all, and Entra decides."
  type        = list(string)
  default     = []
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes. Its patches are applied by AKS. The manifests are checked with 1.31 to 1.34."
  type        = string
  default     = "1.34"
}

variable "cluster_tier" {
  description = "Tier of the cluster's control plane: Standard has a service level agreement, Free has none."
  type        = string
  default     = "Standard"
}

variable "addresses" {
  description = "Address ranges: of the virtual network, of its subnet for nodes, of its subnet for the internal load balancer, and of pods and services, which nobody outside of the cluster sees. They must not overlap with networks that are connected."
  type = object({
    network  = string
    nodes    = string
    entrance = string
    pods     = string
    services = string
  })
  default = {
    network  = "10.60.0.0/16"
    nodes    = "10.60.0.0/22"
    entrance = "10.60.12.0/27"
    pods     = "10.244.0.0/16"
    services = "10.61.0.0/16"
  }
}

variable "system_nodes" {
  description = "Nodes of the pool `system`: their size, and how many. With `work_nodes` null, Frontdoor runs on them, too."
  type = object({
    size  = string
    count = number
  })

  validation {
    condition     = var.system_nodes.count >= 3
    error_message = "At least three: one in each zone."
  }
}

variable "work_nodes" {
  description = "Nodes of the pool `work`: their size, and the least and most that there may be. Null: none."
  type = object({
    size = string
    min  = number
    max  = number
  })
  default = null
}

variable "tags" {
  description = "Tags of all resources, for the bill."
  type        = map(string)
  default     = {}
}
