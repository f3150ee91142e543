create or replace function queue.serves(p_machine data.machine, p_queue_name text, p_labels jsonb)
returns boolean
language sql immutable
as $$
-- Whether a machine takes items of the pool of this queue that ask for these labels: what the team says of it goes before what its
-- agent says; without a word of either it takes those of every queue, and has no labels. Inlined: no search_path.
select (p_machine).removed_time is null
   and coalesce(lower(p_queue_name) = any(coalesce((p_machine).team_queues, (p_machine).agent_queues)), true)
   and coalesce((p_machine).team_labels, (p_machine).agent_labels, '{}') @> coalesce(p_labels, '{}')
$$;
