create or replace function data.plan_limit(p_plan data.plan, p_what text)
returns integer
language sql immutable set search_path = ''
as $$
-- How many things of a kind a plan allows; null for as many as one likes.
--
-- Arguments:
--   what  teams, users, regions, bridges, machines, permission groups
-- Rules:
--   Only plans below ELITE have limits. What a company has from its beginning counts.
select case p_plan
    when 'COMMUNITY' then case p_what
        when 'machines' then 10
        when 'permission groups' then 0
        else 5
    end
    when 'ADVANCED' then case p_what
        when 'machines' then 25
        when 'bridges' then 15
        when 'permission groups' then null
        else 10
    end
    when 'PREMIUM' then case p_what
        when 'machines' then 100
        when 'bridges' then 40
        when 'regions' then 20
        when 'permission groups' then null
        else 25
    end
end;
$$;
