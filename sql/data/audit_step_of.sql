create or replace function data.audit_step_of(p_row data.audit, p_now timestamptz)
returns data.audit_step
language sql immutable set search_path = ''
as $$
-- A row of the audit as people read it: what kind of change it was, a sign for it, and how long ago.
select row(
    p_row.action, p_row.details, p_row.actor, p_row.audit_time, kind.name,
    case
        when age.seconds < 60 then 'just now'
        when age.seconds < 120 then '1 minute ago'
        when age.seconds < 3600 then age.seconds / 60 || ' minutes ago'
        when age.seconds < 7200 then '1 hour ago'
        when age.seconds < 86400 then age.seconds / 3600 || ' hours ago'
        when age.seconds < 172800 then '1 day ago'
        else age.seconds / 86400 || ' days ago'
    end,
    kind.icon, p_row.status)::data.audit_step
from (
    select case
        when p_row.status <> 0 then array['refuse', 'block']
        when p_row.action = 'Created' then array['create', 'plus']
        when p_row.action = 'Deleted' then array['delete', 'trash']
        when p_row.action in ('SignedIn', 'SignedOut', 'ActedAs') then array['access', 'login']
        when p_row.action ~ '^(Member|Permission|Group)' then array['rights', 'team']
        else array['update', 'edit']
    end) as chosen (words)
cross join lateral (select chosen.words[1], chosen.words[2]) as kind (name, icon)
cross join lateral (select floor(extract(epoch from p_now - p_row.audit_time))::bigint) as age (seconds);
$$;
