create or replace function queue.has_maker(p_schedule data.schedule)
returns boolean
language plpgsql stable set search_path = ''
as $$
-- Whether the user in whose name a schedule makes items may still do so: active, and a member of its team.
begin
    return exists (
        select from data.team_member as member
        join data.company_user as person on person.company_id = member.company_id and person.user_id = member.user_id
        where member.company_id = p_schedule.company_id
          and member.team_id = p_schedule.team_id
          and member.user_id = p_schedule.created_by
          and person.deactivated_time is null);
end;
$$;
