-- As in 0016_checks_by_row.sql, and more of a check is without the start of a plan of its own: whom a link is of, and lists of ids, which stay
-- asked once, without a table of them being hashed for the one row that is written.
create or replace function app.by_row(p_expression text) returns text language sql immutable parallel safe set search_path = '' as $$
  select pg_catalog.regexp_replace(pg_catalog.regexp_replace(pg_catalog.regexp_replace(p_expression,
      '\( SELECT (\(?app\.(ws|client|usr|own)\(\)( IS NULL)?\)?)( AS \w+)?\)', '\1', 'g'),
      'IN \( SELECT unnest\((app\.(\w+)\(\))\) AS unnest\)', '= ANY (( SELECT \1 AS \2)::uuid[])', 'g'),
      '= \( SELECT (app\.\w+\(\)) AS \w+\)', '= \1', 'g')
$$;

do $$
declare
  t regclass;
begin
  for t in select distinct polrelid::regclass from pg_policy where polname in ('tenant', 'cliente', 'scope') loop
    perform app.check_by_row(t);
  end loop;
end $$;
