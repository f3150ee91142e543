create or replace function api.get_user_company()
returns table (
    company_name  text,
    vault_version integer,
    vault_content data.vault,
    team_count    bigint,
    region_count  bigint,
    user_count    bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- Show the caller's company: its name, its vault, and how much there is in it.
--
-- Callers: users
-- Returns:
--   1: one row; a vault that was never written has version 1 and no content
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select company.company_name::text, coalesce(stored.version, 1), data.vault_of(stored),
           (select count(*)
            from data.team as team
            where team.company_id = company.company_id),
           (select count(*)
            from data.region as region
            where region.company_id = company.company_id),
           (select count(*)
            from data.company_user as person
            where person.company_id = company.company_id
              and person.removed_time is null)
    from data.company as company
    left join data.vault_record as stored
        on stored.company_id = company.company_id and stored.vault_record_id = company.vault_record_id
    where company.company_id = v_caller.company_id;
end;
$$;
