-- Failures: why an attempt failed, kept with its claim.

alter table data.claim
    add column failure_reason data.failure_reason;            -- of an outcome FAILED

-- What failed before there were dead letters leaves one as well; what was retried meanwhile is resolved.

insert into data.dead_letter (company_id, queue_id, team_id, status, created_time, settled_time, settled_by)
select
    item.company_id,
    item.queue_id,
    item.team_id,
    case when retry.created_time is null then 'PENDING' else 'RESOLVED' end::data.dead_letter_status as status,
    item.finished_time as created_time,
    retry.created_time as settled_time,
    case when retry.created_time is not null then 'broker' end as settled_by
from data.queue_item as item
left join lateral (
    select min(retried.created_time) as created_time
    from data.queue_item as retried
    where retried.company_id = item.company_id
      and retried.original_queue_id = item.queue_id) as retry on true
where item.status = 'FAILED';
