-- Tables of a read model that belong to no build.
SELECT relname::text FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
    AND relname ~ ('^view_' || $1 || '_v' || $2::bigint || '_b[0-9]+$')
    AND relname <> ALL (SELECT 'view_' || name || '_v' || version || '_b' || build FROM projection)
