create or replace function queue.scope_of(
    p_item         data.queue_item,
    out scope_kind data.scope_kind,
    out scope_id   uuid)
language plpgsql stable set search_path = ''
as $$
-- Whose key seals the vaults of an item: its machine's, or, for an item of a pool, its team's.
begin
    if p_item.pooled then
        scope_kind := 'team';
        scope_id := (
            select team.team_uuid
            from data.team as team
            where team.company_id = p_item.company_id
              and team.team_id = p_item.team_id);
    else
        scope_kind := 'machine';
        scope_id := (
            select machine.machine_uuid
            from data.machine as machine
            where machine.company_id = p_item.company_id
              and machine.machine_id = p_item.machine_id);
    end if;
end;
$$;
