create or replace function data.last_contact(p_company_id bigint, p_machine_id bigint, p_bridge_id bigint)
returns timestamptz
language sql stable set search_path = ''
as $$
-- When an agent of this machine, or one that speaks for its bridge, was last heard of, to the minute; null: never.
--
-- Arguments:
--   machine_id  null: of the bridge alone
select greatest(
    (select max(token.last_used_time)
     from data.token as token
     where token.company_id = p_company_id
       and token.machine_id = p_machine_id
       and token.last_used_time > token.created_time),
    (select max(token.last_used_time)
     from data.token as token
     where token.company_id = p_company_id
       and token.bridge_id = p_bridge_id
       and token.last_used_time > token.created_time),
    (select max(token.last_used_time)
     from data.token as token
     where token.company_id = p_company_id
       and token.target_bridge_id = p_bridge_id));
$$;
