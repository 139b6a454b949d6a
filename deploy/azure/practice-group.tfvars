# Ten practices, 50,000 patients: docs/costs.md. With the component sizes/practice-group in the overlay.
system_nodes       = { size = "Standard_D4s_v5", count = 3 }
work_nodes         = null
backup_replication = "ZRS"
