create or replace function queue.unfinished_items(
    p_company_id bigint,
    p_machine_id bigint,
    out waiting  bigint,
    out in_hand  bigint)
language plpgsql stable set search_path = ''
as $$
-- How many items of a machine are not finished: those that wait, and those that an agent has in hand.
begin
    waiting := queue.waiting_count(p_company_id, p_machine_id, null);
    in_hand := (select count(*) from queue.live_items(p_company_id, p_machine_id));
end;
$$;
