create or replace function queue.require_labels(p_labels jsonb)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Labels are a JSON object of short texts: {"os": "linux"}.
--
-- Errors:
--   JB400  what is wrong with them
declare
    v_name  text;
    v_value jsonb;
begin
    if jsonb_typeof(p_labels) <> 'object' then
        raise exception using errcode = 'JB400', message = 'labels must be a JSON object, as {"os": "linux"}';
    elsif (select count(*) from jsonb_object_keys(p_labels)) > 20 then
        raise exception using errcode = 'JB400', message = 'labels has more than 20 members';
    end if;
    for v_name, v_value in
        select * from jsonb_each(p_labels)
    loop
        if jsonb_typeof(v_value) <> 'string' or char_length(v_value #>> '{}') > 100 or char_length(v_name) not between 1 and 100 then
            raise exception using errcode = 'JB400', message = format(
                'label %s must be a text of at most 100 characters', left(v_name, 100));
        end if;
    end loop;
end;
$$;
