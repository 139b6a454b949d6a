UPDATE log SET name = $1, lineage = $2, secret = $3
