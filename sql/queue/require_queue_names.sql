create or replace function queue.require_queue_names(p_names text[])
returns text[]
language plpgsql immutable set search_path = ''
as $$
-- Names of queues as they are kept of a machine: each once, in lower case. Queues of these names may come later.
--
-- Errors:
--   JB400  what is wrong with them
begin
    if cardinality(p_names) > 100 then
        raise exception using errcode = 'JB400', message = format('queues holds %s: 100 names at most', cardinality(p_names));
    end if;
    return (
        select coalesce(array_agg(distinct lower(name)), '{}')
        from unnest(p_names) as name
        where p_names is not null
        having p_names is not null);
end;
$$;
