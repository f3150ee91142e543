create or replace function keyring.vault_targets(p_target text, p_arguments jsonb)
returns data.vault_target[]
language plpgsql volatile security definer set search_path = ''
as $$
-- What the vaults of a list have to be sealed for, before the call that brings them.
--
-- Arguments:
--   target     the third word of the procedure's line `Seals:`
--   arguments  a list: of each vault what keyring.vault_target is told
-- Returns:
--   as keyring.vault_target, in the order of the list; null where it would refuse: the procedure says why
declare
    v_caller  auth.caller := auth.identify_settled();
    v_ids     bigint[];
    v_targets data.vault_target[] := array_fill(null::data.vault_target, array[jsonb_array_length(p_arguments)]);
    v_found   record;
    v_given   record;
begin
    -- Responses under a claim token, as agents bring them by the hundred: found all at once.
    if p_target = 'item' and v_caller.company_id is not null then
        v_ids := queue.visible_items(v_caller,
            array(select (given ->> 'queueId')::bigint from jsonb_array_elements(p_arguments) with ordinality as each (given, place)
                  order by each.place),
            array(select (given ->> 'taskId')::uuid from jsonb_array_elements(p_arguments) with ordinality as each (given, place)
                  order by each.place));
        for v_found in
            select each.place, its.*
            from jsonb_array_elements(p_arguments) with ordinality as each (given, place)
            cross join lateral (
                select item.pooled, item.task_id, item.team_id, item.machine_id, claim.attempt
                from data.queue_item as item
                cross join lateral (
                    select held.attempt
                    from data.claim as held
                    where held.company_id = item.company_id
                      and held.queue_id = item.queue_id
                      and held.claim_hash = (each.given ->> 'claimToken')::bytea
                    offset 0) as claim
                where item.company_id = v_caller.company_id
                  and item.queue_id = v_ids[each.place]
                offset 0) as found
            cross join lateral (
                select found.task_id, found.attempt, case when found.pooled then 'team' else 'machine' end as scope_kind, case
                    when found.pooled then (
                        select team.team_uuid
                        from data.team as team
                        where team.company_id = v_caller.company_id
                          and team.team_id = found.team_id)
                    else (
                        select machine.machine_uuid
                        from data.machine as machine
                        where machine.company_id = v_caller.company_id
                          and machine.machine_id = found.machine_id)
                    end as scope_id
                offset 0) as its
        loop
            v_targets[v_found.place] := row(
                v_found.scope_kind, v_found.scope_id, 'queue_item', v_found.task_id, v_found.attempt)::data.vault_target;
        end loop;
    end if;

    for v_given in
        select each.place, each.given
        from jsonb_array_elements(p_arguments) with ordinality as each (given, place)
    loop
        if v_targets[v_given.place] is null then
            begin
                v_targets[v_given.place] := keyring.vault_target(p_target, v_given.given);
            exception when others then
                if sqlstate not like 'JB%' or sqlstate = 'JB401' then
                    raise;
                end if;
            end;
        end if;
    end loop;
    return v_targets;
end;
$$;
