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

create index notification_age on data.notification (created_time);

-- What is told of failures.
create type data.item_attempt as (
    claim_number      integer,
    attempt           integer,
    outcome           data.claim_outcome,                     -- null: it goes on
    failure_reason    data.failure_reason,
    machine_name      text,
    actor             text,
    claimed_time      timestamptz,
    first_sign_time   timestamptz,
    ended_time        timestamptz,
    has_response      boolean,
    has_late_response boolean);

create type data.listed_dead_letter as (
    dead_letter_id bigint,
    queue_id       bigint,
    task_id        uuid,
    title          text,
    status         data.dead_letter_status,
    attempts       integer,
    failure_reason data.failure_reason,
    created_time   timestamptz,
    settled_time   timestamptz,
    settled_by     text,
    team_name      text,
    queue_name     text,
    machine_name   text);
