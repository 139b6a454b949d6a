SELECT name, lineage, secret FROM log WHERE one = 1
