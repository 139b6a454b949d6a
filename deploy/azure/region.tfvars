# 1.5 million patients: docs/costs.md. With the component sizes/region in the overlay.
system_nodes = { size = "Standard_D2s_v5", count = 3 }
work_nodes   = { size = "Standard_D8s_v5", min = 3, max = 6 }
