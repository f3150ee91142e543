create or replace function queue.require_metrics(p_metrics jsonb)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Metrics are numbers by short names, kept in the clear; so they cannot hold what a job printed.
--
-- Errors:
--   JB400  they are no object of numbers, a name is none, or they are longer than 4 KiB
begin
    if jsonb_typeof(p_metrics) <> 'object' or octet_length(p_metrics::text) > 4096
       or jsonb_path_exists(p_metrics, 'strict $.* ? (@.type() != "number")')
       or exists (select from jsonb_object_keys(p_metrics) as name where name !~ '^[A-Za-z0-9_.-]{1,64}$') then
        raise exception using errcode = 'JB400', message =
            'metrics must be a JSON object of numbers, of at most 4 KiB; names have 1 to 64 letters, digits, _, . and -';
    end if;
end;
$$;
