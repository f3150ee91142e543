create or replace function api.delete_team(p_team_name text)
returns table (result text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete a team without machines.
--
-- Callers: administrators
-- Arguments:
--   teamName  a team of the caller
-- Returns:
--   1: that it was deleted, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team
--   JB409  the team has machines, or items of its pool that are not finished, or is the one that was made with the company
-- Rules:
--   The requesting user must be a member of the specified team.
--   Its members leave it, its vault is deleted, and with it go the finished items of machines that it had: nobody could read
--   them any more.
--   The team that was made with the company (Private Team) cannot be deleted, whatever it is called now. So no company is ever
--   without a team.
declare
    v_caller        auth.caller := auth.enter_call();
    v_now           timestamptz := data.clock();
    v_team          data.team;
    v_machine_count bigint;
    v_member_count  bigint;
    v_item_count    bigint;
begin
    perform queue.close_gate(v_caller.company_id);
    v_team := auth.lock_team(v_caller, p_team_name);
    if v_team.is_built_in then
        raise exception using errcode = 'JB409',
            message = format('team %s was made with the company: it can be renamed, but not deleted', v_team.team_name);
    end if;

    select count(*)
    into v_machine_count
    from data.machine as machine
    where machine.company_id = v_caller.company_id
      and machine.team_id = v_team.team_id;
    if v_machine_count > 0 then
        raise exception using errcode = 'JB409', message = format(
            'team %s has %s: delete them first', v_team.team_name, data.counted(v_machine_count, 'machine'));
    end if;

    select count(*)
    into v_item_count
    from data.queue_item as item
    where item.company_id = v_caller.company_id
      and item.team_id = v_team.team_id
      and item.finished_time is null;
    if v_item_count > 0 then
        raise exception using errcode = 'JB409', message = format(
            'the pool of team %s has %s: cancel them or let them end first', v_team.team_name,
            data.counted(v_item_count, 'unfinished item'));
    end if;

    v_item_count := queue.delete_team_items(v_caller.company_id, v_team.team_id);
    delete from data.team_member as member
    where member.company_id = v_caller.company_id
      and member.team_id = v_team.team_id;
    get diagnostics v_member_count = row_count;
    delete from data.team as team
    where team.company_id = v_caller.company_id
      and team.team_id = v_team.team_id;
    perform data.delete_vault(v_caller.company_id, v_team.vault_record_id);
    perform auth.audit(v_caller, v_now, 'Deleted', 'Team', v_team.team_uuid, v_team.team_name, format(
        'with %s and %s', data.counted(v_member_count, 'member'), data.counted(v_item_count, 'finished item')));

    return query
    select format('team %s deleted', v_team.team_name);
end;
$$;
