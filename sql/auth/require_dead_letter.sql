create or replace function auth.require_dead_letter(
    p_caller         auth.caller,
    p_dead_letter_id bigint,
    out letter       data.dead_letter,
    out item         data.queue_item)
language plpgsql volatile set search_path = ''
as $$
-- A dead letter and its item, both locked, if the caller is a member of its team. The right is checked first.
--
-- Errors:
--   JB404  no such dead letter, or not the caller's: one text for both
declare
    v_item_id bigint;
begin
    select kept.queue_id
    into v_item_id
    from data.dead_letter as kept
    join data.team_member as member
        on member.company_id = kept.company_id and member.team_id = kept.team_id and member.user_id = p_caller.user_id
    where kept.company_id = p_caller.company_id
      and kept.dead_letter_id = p_dead_letter_id;

    -- The item first, as whoever retries it does.
    select owner.*
    into item
    from data.queue_item as owner
    where owner.company_id = p_caller.company_id
      and owner.queue_id = v_item_id
    for update;

    select kept.*
    into letter
    from data.dead_letter as kept
    where kept.company_id = p_caller.company_id
      and kept.queue_id = v_item_id
    for update;
    if not found then
        raise exception using errcode = 'JB404', message = format('dead letter %s not found', p_dead_letter_id);
    end if;
end;
$$;
