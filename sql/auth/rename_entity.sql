create or replace function auth.rename_entity(
    p_caller      auth.caller,
    p_kind        text,
    p_entity_uuid uuid,
    p_old_name    text,
    p_new_name    data.entity_name,
    p_time        timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Give an entity another name, and keep the old one in the audit. The caller has locked the entity.
--
-- Arguments:
--   kind  team, region, bridge, machine
-- Errors:
--   JB409  the company has another one of the new name
-- Rules:
--   The kinds differ in the names of their table and columns only, so the statement is put together here.
begin
    begin
        execute format('
            update data.%I
            set %I = $1
            where company_id = $2
              and %I = $3', p_kind, p_kind || '_name', p_kind || '_uuid')
        using p_new_name, p_caller.company_id, p_entity_uuid;
    exception when unique_violation then
        raise exception using errcode = 'JB409', message = format('%s %s exists already', p_kind, p_new_name);
    end;
    perform auth.audit(p_caller, p_time, 'Renamed', initcap(p_kind), p_entity_uuid, p_new_name,
        format('it was called %s', p_old_name));
end;
$$;
