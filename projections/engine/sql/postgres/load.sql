SELECT old.partition, old.sort, old.row
FROM unnest($1::text[], $2::text[]) AS wanted (partition, sort) JOIN :table AS old USING (partition, sort)
