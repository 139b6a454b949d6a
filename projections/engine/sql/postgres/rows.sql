SELECT asked.n - 1, projection.position, old.row FROM projection
CROSS JOIN unnest($4::text[], $5::text[]) WITH ORDINALITY AS asked (partition, sort, n)
LEFT JOIN :table AS old ON old.partition = asked.partition AND old.sort = asked.sort
WHERE projection.name = $1 AND projection.version = $2 AND projection.build = $3 AND projection.live
