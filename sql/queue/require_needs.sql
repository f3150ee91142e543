create or replace function queue.require_needs(p_caller auth.caller, p_team_id bigint, p_task_ids uuid[], p_own_task_id uuid)
returns bigint[]
language plpgsql stable set search_path = ''
as $$
-- The items that a new one depends on, each once.
--
-- Errors:
--   JB400  too many, or the item itself
--   JB404  the team has no such item
declare
    v_needs bigint[] := queue.find_needs(p_caller, p_team_id, p_task_ids);
begin
    if cardinality(p_task_ids) > 100 then
        raise exception using errcode = 'JB400',
            message = format('dependsOn holds %s: an item can depend on 100', cardinality(p_task_ids));
    elsif p_own_task_id = any(p_task_ids) then
        raise exception using errcode = 'JB400', message = 'dependsOn names the item itself';
    elsif array_position(v_needs, null) is not null then
        raise exception using errcode = 'JB404',
            message = format('queue item %s not found', p_task_ids[array_position(v_needs, null)]);
    end if;
    return array(select distinct need from unnest(v_needs) as need);
end;
$$;
