"""What is asked of PostgreSQL's catalogue about tables, policies, privileges, keys and functions. No percent sign: the driver would take it."""

from __future__ import annotations

_OURS = "n.nspname <> 'information_schema' and left(n.nspname, 3) <> 'pg_'"

TABLES = f"""
select case n.nspname when 'public' then c.relname::text else n.nspname || '.' || c.relname end as name, n.nspname as schema,
       c.relkind as kind, c.relrowsecurity as rls, c.relforcerowsecurity as forced,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped) as tenant,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'client_id' and not a.attisdropped) as of_client,
       (select count(*) from pg_trigger t where t.tgrelid = c.oid and left(t.tgname, 6) = 'audit_' and t.tgenabled = 'O') as audits,
       coalesce(obj_description(c.oid, 'pg_class'), '') as comment, pg_get_userbyid(c.relowner) as owner
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where {_OURS} and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
"""
POLICIES = """
select c.relname::text as source, p.polname::text as name, p.polpermissive as permissive, p.polcmd = '*' as every,
       pg_get_expr(p.polqual, p.polrelid) as shown, pg_get_expr(p.polwithcheck, p.polrelid) as written,
       array(select case r when 0 then 'public' else pg_get_userbyid(r)::text end from unnest(p.polroles) r) as roles
  from pg_policy p join pg_class c on c.oid = p.polrelid
 where c.relnamespace = 'public'::regnamespace
"""
GRANTS = """
select distinct c.relname::text as source, case x.grantee when 0 then 'public' else pg_get_userbyid(x.grantee)::text end as grantee,
       x.privilege_type as privilege
  from pg_class c
 cross join lateral (select c.relacl as acl union all
                     select a.attacl from pg_attribute a where a.attrelid = c.oid and not a.attisdropped) g
 cross join lateral aclexplode(g.acl) x
 where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
"""
CREATORS = f"""
select n.nspname::text as schema, case x.grantee when 0 then 'public' else pg_get_userbyid(x.grantee)::text end as grantee
  from pg_namespace n cross join lateral aclexplode(n.nspacl) x
 where {_OURS} and x.privilege_type = 'CREATE' and x.grantee <> n.nspowner
"""
FOREIGN_KEYS = """
select c.conname as name, c.conrelid::regclass::text as source, c.confrelid::regclass::text as target,
       array(select a.attname::text from unnest(c.conkey) with ordinality k (number, place)
               join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number order by k.place) as columns,
       array(select a.attname::text from unnest(c.confkey) with ordinality k (number, place)
               join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.number order by k.place) as referred
  from pg_constraint c where c.contype = 'f' and c.connamespace = 'public'::regnamespace
"""
# Exclusion constraints too: what they refuse tells about a row of somebody else as well. Theirs may lead with the range of the one
# workspace_id, compared by overlap: that is equality.
UNIQUES = r"""
select i.indrelid::regclass::text as source, x.relname as name,
       coalesce((select a.attname::text from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[0]),
                (select 'workspace_id' from pg_constraint k join pg_operator o on o.oid = k.conexclop[1]
                  where k.conindid = i.indexrelid and o.oprname = '&&'
                    and pg_get_indexdef(i.indexrelid, 1, false) ~ '^\w+\(workspace_id, workspace_id, ''\[\]''::text\)$')) as leading
  from pg_index i join pg_class x on x.oid = i.indexrelid
 where (i.indisunique or i.indisexclusion) and x.relnamespace = 'public'::regnamespace
"""
# Not those of extensions, nor the constructors PostgreSQL itself makes for a range type: they compute, read nothing, and are nobody's to change.
FUNCTIONS = f"""
select p.proname::text as name, n.nspname as schema, p.prosecdef as definer, coalesce(p.proconfig @> array['search_path=""'], false) as pinned,
       pg_get_userbyid(p.proowner) as owner, has_function_privilege('public', p.oid, 'execute') as everyone
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where {_OURS} and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass
                                  and (d.deptype = 'e' or (d.deptype = 'i' and d.refclassid = 'pg_type'::regclass)))
"""
