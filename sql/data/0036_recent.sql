-- Items by queue, newest first, and how many of a queue have ended in which way.
--
-- Who lists the newest of a queue reads as many rows as he is shown; who counts what has finished reads the index alone. Both
-- name the company, which the second index therefore carries beside its key.

create index queue_item_recent on data.queue_item (policy_id, queue_id desc);

drop index data.queue_item_finished;
create index queue_item_finished on data.queue_item (policy_id, finished_time) include (company_id, status)
where finished_time is not null;

alter type data.bulk_answer add attribute status data.queue_status;    -- before the call
