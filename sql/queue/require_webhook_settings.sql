create or replace function queue.require_webhook_settings(p_url text, p_events text[], p_description text)
returns void
language plpgsql immutable set search_path = ''
as $$
-- What an endpoint may be made of; null: not given. Where its address may lead, the broker judges each time it connects.
--
-- Errors:
--   JB400  what is wrong
declare
    c_events constant text[] := array['item.created', 'item.assigned', 'item.completed', 'item.failed', 'item.cancelled',
                                      'item.stale', 'item.dead_lettered', 'machine.online', 'machine.offline'];
    v_event  text;
begin
    if char_length(p_url) > 2000 or p_url !~ '^https?://[!-~]+$' then
        raise exception using errcode = 'JB400',
            message = 'url must be an https address of at most 2,000 characters, without blanks and written in ASCII';
    elsif p_url ~ '^https?://[^/?#]*@' then
        raise exception using errcode = 'JB400', message = 'url must not hold a user or a password';
    elsif char_length(p_description) > 500 then
        raise exception using errcode = 'JB400', message = 'description has more than 500 characters';
    elsif cardinality(p_events) not between 1 and 20 then
        raise exception using errcode = 'JB400', message = format('events holds %s names: 1 to 20 are possible', cardinality(p_events));
    end if;
    foreach v_event in array coalesce(p_events, '{}') loop
        if v_event is null or v_event <> '*' and v_event <> all(c_events) then
            raise exception using errcode = 'JB400', message = format(
                'events names %s: *, %s are possible', coalesce(left(v_event, 100), 'null'), array_to_string(c_events, ', '));
        end if;
    end loop;
end;
$$;
