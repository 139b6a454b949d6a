# 40 million patients: docs/costs.md. With the component sizes/nation in the overlay.
system_nodes = { size = "Standard_D4s_v5", count = 3 }
work_nodes   = { size = "Standard_D16s_v5", min = 9, max = 15 }
