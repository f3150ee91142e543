create or replace function data.make_team(
    p_company_id      bigint,
    p_team_uuid       uuid,
    p_team_name       data.entity_name,
    p_vault_record_id bigint,
    p_user_id         bigint,
    p_time            timestamptz,
    p_is_built_in     boolean default false)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Make a team, with its first member, and its queue `default`, which limits nothing until somebody says so.
--
-- Errors:
--   JB409  the company has a team of that name
declare
    v_team_id bigint;
begin
    insert into data.team (company_id, team_uuid, team_name, vault_record_id, created_time, is_built_in)
    values (p_company_id, p_team_uuid, p_team_name, p_vault_record_id, p_time, p_is_built_in)
    on conflict do nothing
    returning team_id into v_team_id;
    if v_team_id is null then
        raise exception using errcode = 'JB409', message = format('team %s exists already', p_team_name);
    end if;

    insert into data.team_member (company_id, team_id, user_id, created_time)
    values (p_company_id, v_team_id, p_user_id, p_time);
    insert into data.queue_policy (company_id, policy_uuid, team_id, queue_name, max_retries, backoff, created_time)
    values (p_company_id, data.uuid_v7(), v_team_id, 'default', 0, data.default_backoff(), p_time);
end;
$$;
