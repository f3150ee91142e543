create or replace function queue.dead_letter_counts(
    p_company_id        bigint,
    p_team_ids          bigint[],
    out pending_count   bigint,
    out resolved_count  bigint,
    out discarded_count bigint)
language sql stable set search_path = ''
as $$
-- How many dead letters of teams ask for somebody, were retried, were given up.
select count(*) filter (where letter.status = 'PENDING'), count(*) filter (where letter.status = 'RESOLVED'),
       count(*) filter (where letter.status = 'DISCARDED')
from data.dead_letter as letter
where letter.company_id = p_company_id
  and letter.team_id = any(p_team_ids);
$$;
