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
-- Make a team, with its first member.
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
end;
$$;
