create or replace function queue.require_secrets(p_secrets jsonb)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Secrets are references by name, {"NAME": {"env": "VARIABLE"}} or {"NAME": {"file": "/path"}}, which the agent resolves on its
-- machine (spec 3, secrets). The values themselves never come here.
--
-- Errors:
--   JB400  what is wrong with them
declare
    v_name   text;
    v_source jsonb;
    v_place  jsonb;
begin
    if jsonb_typeof(p_secrets) <> 'object' then
        raise exception using errcode = 'JB400', message = 'secrets must be a JSON object, as {"NAME": {"env": "VARIABLE"}}';
    elsif (select count(*) from jsonb_object_keys(p_secrets)) > 50 then
        raise exception using errcode = 'JB400', message = 'secrets has more than 50 members';
    end if;

    for v_name, v_source in
        select * from jsonb_each(p_secrets)
    loop
        if v_name !~ '^[A-Za-z_][A-Za-z0-9_]{0,99}$' then
            raise exception using errcode = 'JB400', message = format(
                'secret %s has a name that is not made of letters, digits and _', left(v_name, 100));
        end if;
        v_place := null;
        if jsonb_typeof(v_source) = 'object' and (select count(*) from jsonb_object_keys(v_source)) = 1 then
            v_place := coalesce(v_source -> 'env', v_source -> 'file');
        end if;
        if jsonb_typeof(v_place) is distinct from 'string' or char_length(v_place #>> '{}') not between 1 and 500 then
            raise exception using errcode = 'JB400', message = format(
                'secret %s must be {"env": "VARIABLE"} or {"file": "/path"}, of at most 500 characters', v_name);
        end if;
    end loop;
end;
$$;
