SELECT name, lineage, secret FROM log
