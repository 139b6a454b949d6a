SELECT projection.position, page.row, page.sort FROM projection LEFT JOIN
    (SELECT sort, row FROM :table WHERE partition = $4 AND sort :from $5 AND sort :until $6 ORDER BY sort :order LIMIT $7)
    AS page ON true
WHERE projection.name = $1 AND projection.version = $2 AND projection.build = $3 AND projection.live
ORDER BY page.sort :order
