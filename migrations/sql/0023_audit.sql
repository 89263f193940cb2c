-- As in 0017_audit_at_less.sql, and the entry of a new row leaves out what is empty: half of its bytes, a quarter of its price.
set local role fitpro_guard;
create or replace function app.audit() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  verb text;
  whole jsonb;
  was jsonb;
  became jsonb;
  k text;
begin
  if tg_op = 'INSERT' then
    became := to_jsonb(new);
    -- Columns, not what is inside of one: there null may say something.
    if not became @? '$.*.**{1 to last} ? (@ == null)' then
      became := jsonb_strip_nulls(became);
    end if;
  elsif tg_op = 'DELETE' then
    -- Only the owner's purge may do without a row per row; it writes one summary.
    if current_setting('app.purging', true) = 'on' and session_user = 'fitpro_owner' then
      return null;
    end if;
    was := to_jsonb(old);
  else
    was := to_jsonb(old);
    became := to_jsonb(new);
    whole := became;
    -- An entry is found by the key, so a key that changed would leave no trace.
    if (became ->> tg_argv[1])::uuid is distinct from (was ->> tg_argv[1])::uuid or became ->> tg_argv[2] is distinct from was ->> tg_argv[2] then
      raise exception 'the key of a row cannot change' using errcode = '23514';
    end if;
    if tg_nargs > 3 then
      verb := tg_argv[3];
      was := null;
      became := (select jsonb_object_agg(e.key, e.value) from jsonb_each(became) e where e.key = any (tg_argv[4]::text[]));
    else
      select jsonb_object_agg(e.key, was -> e.key), jsonb_object_agg(e.key, e.value) into was, became
        from jsonb_each(became) e where was -> e.key is distinct from e.value;
      if became is null then
        return null;
      end if;
    end if;
  end if;
  if tg_argv[0] <> '{}' then
    foreach k in array tg_argv[0]::text[] loop
      if was -> k <> 'null' then
        was := jsonb_set(was, array[k], '"***"');
      end if;
      if became -> k <> 'null' then
        became := jsonb_set(became, array[k], '"***"');
      end if;
    end loop;
  end if;
  insert into public.audit_logs (workspace_id, actor_id, actor, request_id, action, table_name, record_id, before, after)
  values ((coalesce(whole, became, was) ->> tg_argv[1])::uuid, nullif(current_setting('app.user_id', true), '')::uuid,
          coalesce(nullif(current_setting('app.actor', true), ''), case session_user when 'fitpro_relay' then 'system' else session_user end),
          coalesce(current_setting('app.request_id', true), ''), coalesce(verb, lower(tg_op)), tg_table_name,
          coalesce(whole, became, was) ->> tg_argv[2], was, became);
  return null;
end $$;
reset role;
