create or replace function api.get_company_teams()
returns table (
    team_name     text,
    vault_version integer,
    vault_content data.vault,
    company_name  text,
    is_member     boolean,
    member_count  bigint,
    machine_count bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the teams of the company.
--
-- Callers: users
-- Returns:
--   1: the teams by name; vaultContent only of those whose member the caller is
-- Rules:
--   Every user may see which teams there are; what is in them is for their members.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select team.team_name::text, coalesce(stored.version, 1), case when own.user_id is not null then data.vault_of(stored) end,
           company.company_name::text, own.user_id is not null,
           (select count(*)
            from data.team_member as member
            where member.company_id = team.company_id
              and member.team_id = team.team_id),
           (select count(*)
            from data.machine as machine
            where machine.company_id = team.company_id
              and machine.team_id = team.team_id)
    from data.team as team
    join data.company as company on company.company_id = team.company_id
    left join data.team_member as own
        on own.company_id = team.company_id and own.team_id = team.team_id and own.user_id = v_caller.user_id
    left join data.vault_record as stored
        on stored.company_id = team.company_id and stored.vault_record_id = team.vault_record_id
    where team.company_id = v_caller.company_id
    order by lower(team.team_name);
end;
$$;
