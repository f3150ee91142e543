-- What must hold at every moment, as views that must be empty. `broker doctor` and every test look at them.

create or replace view data.invariant_live_items_have_an_open_claim as
select item.company_id, item.queue_id, item.status
from data.queue_item as item
where (item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')) <> exists (
    select from data.claim as claim
    where claim.company_id = item.company_id
      and claim.queue_id = item.queue_id
      and claim.claim_number = item.claim_number
      and claim.outcome is null);

create or replace view data.invariant_only_the_last_claim_is_open as
select claim.company_id, claim.queue_id, claim.claim_number
from data.claim as claim
join data.queue_item as item on item.company_id = claim.company_id and item.queue_id = claim.queue_id
where claim.outcome is null
  and claim.claim_number <> item.claim_number;

create or replace view data.invariant_claims_are_counted as
select item.company_id, item.queue_id, item.claim_number
from data.queue_item as item
where item.claim_number <> (
    select count(*)
    from data.claim as claim
    where claim.company_id = item.company_id
      and claim.queue_id = item.queue_id);

create or replace view data.invariant_an_item_ends_once as
select event.company_id, event.queue_id, count(*) as ends
from data.queue_event as event
where event.event in ('COMPLETED', 'FAILED', 'CANCELLED')
group by event.company_id, event.queue_id
having count(*) > 1;

create or replace view data.invariant_final_items_have_their_event as
select item.company_id, item.queue_id, item.status
from data.queue_item as item
where item.status in ('COMPLETED', 'FAILED', 'CANCELLED')
  and not exists (
      select from data.queue_event as event
      where event.company_id = item.company_id
        and event.queue_id = item.queue_id
        and event.event::text = item.status::text);

create or replace view data.invariant_a_reported_end_comes_from_the_last_claim as
select claim.company_id, claim.queue_id, claim.claim_number, claim.outcome, item.status
from data.claim as claim
join data.queue_item as item on item.company_id = claim.company_id and item.queue_id = claim.queue_id
where claim.outcome in ('COMPLETED', 'CANCELLED')
  and (claim.claim_number <> item.claim_number or claim.outcome::text <> item.status::text);

create or replace view data.invariant_claims_that_failed_are_counted_as_retries as
select item.company_id, item.queue_id, item.retry_count, item.retries
from data.queue_item as item
cross join lateral (
    select count(*) as failed, coalesce(bool_or(claim.claim_number = item.claim_number), false) as failed_last
    from data.claim as claim
    where claim.company_id = item.company_id
      and claim.queue_id = item.queue_id
      and claim.outcome = 'FAILED') as counted
where item.retry_count > item.retries
   or item.retry_count <> counted.failed - (item.status = 'FAILED' and counted.failed_last)::integer
   -- While the last claim has failed, the item has ended or waits for its next one.
   or counted.failed_last and item.status not in ('PENDING', 'FAILED', 'CANCELLED');

create or replace view data.invariant_only_waiting_items_are_held as
select item.company_id, item.queue_id, item.status, item.held
from data.queue_item as item
where item.held is not null
  and item.status <> 'PENDING';

create or replace view data.invariant_each_failed_item_has_a_dead_letter as
select item.company_id, item.queue_id, item.status
from data.queue_item as item
where (item.status = 'FAILED') <> exists (
    select from data.dead_letter as letter
    where letter.company_id = item.company_id
      and letter.queue_id = item.queue_id
      and letter.team_id = item.team_id);

create or replace view data.invariant_dead_letters_of_retried_items_are_resolved as
select letter.company_id, letter.queue_id, letter.status
from data.dead_letter as letter
join data.queue_item as retry on retry.company_id = letter.company_id and retry.original_queue_id = letter.queue_id
where letter.status <> 'RESOLVED';

create or replace view data.invariant_vaults_of_items_exist as
select item.company_id, item.queue_id
from data.queue_item as item
cross join unnest(array[item.request_vault_id, item.response_vault_id]) as used (vault_record_id)
where used.vault_record_id is not null
  and not exists (
      select from data.vault_record as stored
      where stored.company_id = item.company_id
        and stored.vault_record_id = used.vault_record_id);

create or replace view data.invariant_vaults_have_an_owner as
select stored.company_id, stored.vault_record_id
from data.vault_record as stored
where stored.owner_kind in ('queue_item', 'schedule')
  and not exists (
      select from data.queue_item as item
      where item.company_id = stored.company_id
        and stored.vault_record_id in (item.request_vault_id, item.response_vault_id))
  and not exists (
      select from data.claim as claim
      where claim.company_id = stored.company_id
        and stored.vault_record_id in (claim.response_vault_id, claim.late_vault_id))
  and not exists (
      select from data.schedule as schedule
      where schedule.company_id = stored.company_id
        and schedule.vault_record_id = stored.vault_record_id);

create or replace view data.invariant_schedules_have_their_vault as
select schedule.company_id, schedule.schedule_id
from data.schedule as schedule
where not exists (
    select from data.vault_record as stored
    where stored.company_id = schedule.company_id
      and stored.vault_record_id = schedule.vault_record_id
      and stored.owner_kind = 'schedule'
      and stored.owner_id = schedule.schedule_uuid);

-- Under another scope nobody who claims its items could open it.
create or replace view data.invariant_schedules_are_sealed_for_their_place as
select schedule.company_id, schedule.schedule_id
from data.schedule as schedule
join data.team as team on team.company_id = schedule.company_id and team.team_id = schedule.team_id
join data.vault_record as stored
    on stored.company_id = schedule.company_id and stored.vault_record_id = schedule.vault_record_id
left join data.machine as machine on machine.company_id = schedule.company_id and machine.machine_id = schedule.machine_id
where stored.scope_kind <> case when schedule.machine_id is null then 'team' else 'machine' end::data.scope_kind
   or stored.scope_id <> coalesce(machine.machine_uuid, team.team_uuid);

create or replace view data.invariant_schedules_stay_in_their_team as
select schedule.company_id, schedule.schedule_id
from data.schedule as schedule
left join data.queue_policy as policy on policy.company_id = schedule.company_id and policy.policy_id = schedule.policy_id
left join data.machine as machine on machine.company_id = schedule.company_id and machine.machine_id = schedule.machine_id
where policy.team_id is distinct from schedule.team_id
   or machine.removed_time is null and machine.team_id <> schedule.team_id;

create or replace view data.invariant_a_tick_is_over_when_it_has_its_item as
select item.company_id, item.queue_id
from data.queue_item as item
join data.schedule as schedule on schedule.company_id = item.company_id and schedule.schedule_id = item.schedule_id
where item.tick_time is not null
  and (item.original_queue_id is not null or schedule.last_tick_time is null or item.tick_time > schedule.last_tick_time);

create or replace view data.invariant_items_of_flows_are_its_tasks as
select item.company_id, item.queue_id
from data.queue_item as item
where (item.flow_id is null) <> (item.flow_task is null);

create or replace view data.invariant_a_flow_stays_in_one_queue as
select item.company_id, item.flow_id
from data.queue_item as item
where item.flow_id is not null
group by item.company_id, item.flow_id
having count(distinct item.team_id) > 1
    or count(distinct item.policy_id) > 1;

create or replace view data.invariant_retries_are_the_tasks_that_they_retry as
select retry.company_id, retry.queue_id
from data.queue_item as retry
join data.queue_item as original on original.company_id = retry.company_id and original.queue_id = retry.original_queue_id
where (retry.flow_id, retry.flow_task) is distinct from (original.flow_id, original.flow_task);

-- Two items of one task are there only when the younger one is a retry.
create or replace view data.invariant_a_flow_has_each_task_once as
select item.company_id, item.flow_id, item.flow_task
from data.queue_item as item
where item.flow_id is not null
  and item.original_queue_id is null
group by item.company_id, item.flow_id, item.flow_task
having count(*) > 1;

create or replace view data.invariant_machines_belong_to_the_items_team as
select item.company_id, item.queue_id
from data.queue_item as item
join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
where machine.team_id <> item.team_id;

create or replace view data.invariant_items_of_a_pool_have_no_machine_while_they_wait as
select item.company_id, item.queue_id, item.status
from data.queue_item as item
where case
    when item.pooled then item.status = 'PENDING' and item.machine_id is not null
    else item.machine_id is null
end;

create or replace view data.invariant_items_wait_in_a_lane_of_their_place as
select item.company_id, item.queue_id, item.lane_id
from data.queue_item as item
where item.status = 'PENDING'
  and not exists (
      select from data.lane as lane
      where lane.company_id = item.company_id
        and lane.lane_id = item.lane_id
        and lane.policy_id = item.policy_id
        and lane.team_id = item.team_id
        and lane.machine_id is not distinct from item.machine_id
        and lane.labels = coalesce(item.labels, '{}'));

create or replace view data.invariant_removed_machines_are_at_rest as
select machine.company_id, machine.machine_id
from data.machine as machine
where machine.removed_time is not null
  and (machine.vault_record_id is not null
       or exists (
           select from data.queue_item as item
           where item.company_id = machine.company_id
             and item.machine_id = machine.machine_id
             and item.finished_time is null)
       or exists (
           select from data.token as token
           where token.company_id = machine.company_id
             and token.machine_id = machine.machine_id)
       or exists (
           select from data.held_key as held
           where held.company_id = machine.company_id
             and held.key_id = machine.machine_uuid));

create or replace view data.invariant_idempotency_keys_lead_to_an_item as
select kept.company_id, kept.idempotency_key
from data.idempotency as kept
where kept.queue_id = 0;

create or replace view data.invariant_held_keys_have_a_holder as
select held.company_id, held.holder_kind, held.holder_id
from data.held_key as held
where not case held.holder_kind
    when 'user' then exists (
        select from data.company_user as person
        where person.company_id = held.company_id and person.user_uuid = held.holder_id)
    when 'invitation' then exists (
        select from data.company_user as person
        where person.company_id = held.company_id and person.user_uuid = held.holder_id and person.activated_time is null)
    when 'recovery' then exists (
        select from data.company as company
        where company.company_id = held.company_id and company.company_uuid = held.holder_id)
    else exists (
        select from data.token as token
        where token.company_id = held.company_id and token.token_id = held.holder_id)
end;

-- An agent has the key of a pool if and only if it serves pools and has the key of a machine of the team.
create or replace view data.invariant_agents_hold_the_keys_of_their_pools as
select distinct coalesce(pool.company_id, own.company_id) as company_id, coalesce(pool.token_id, own.token_id) as token_id
from (
    select held.company_id, held.holder_id as token_id, held.key_id as team_uuid, held.key_version
    from data.held_key as held
    where held.holder_kind = 'agent'
      and held.key_kind = 'team') as pool
full join (
    select held.company_id, held.holder_id as token_id, team.team_uuid, held.key_version
    from data.held_key as held
    join data.token as token
        on token.company_id = held.company_id and token.token_id = held.holder_id and token.pools
    join data.machine as machine on machine.company_id = held.company_id and machine.machine_uuid = held.key_id
    join data.team as team on team.company_id = machine.company_id and team.team_id = machine.team_id
    where held.holder_kind = 'agent'
      and held.key_kind = 'machine') as own
    on own.company_id = pool.company_id and own.token_id = pool.token_id and own.team_uuid = pool.team_uuid
       and own.key_version = pool.key_version
where pool.token_id is null
   or own.token_id is null;

create or replace view data.invariant_key_pairs_have_a_holder as
select principal.company_id, principal.holder_kind, principal.holder_id
from data.principal_key as principal
where not case
    when principal.holder_kind in ('session', 'agent') then exists (
        select from data.token as token
        where token.company_id = principal.company_id and token.token_id = principal.holder_id)
    else exists (
        select from data.held_key as held
        where held.company_id = principal.company_id
          and held.holder_kind = principal.holder_kind
          and held.holder_id = principal.holder_id)
end;

create or replace view data.invariant_tokens_can_be_found_and_hold_a_key as
select token.company_id, token.token_id
from data.token as token
where not exists (
    select from data.token_company as route
    where route.company_id = token.company_id
      and route.token_id = token.token_id
      and route.token_hash = token.token_hash)
   -- All machines of a bridge may have moved elsewhere.
   or token.bridge_id is null and not exists (
    select from data.held_key as held
    where held.company_id = token.company_id
      and held.holder_kind = token.kind::text
      and held.holder_id = token.token_id);

create or replace view data.invariant_users_are_invited_or_active as
select person.company_id, person.user_id
from data.company_user as person
where person.removed_time is null
  and ((person.activated_time is not null) = exists (
    select from data.invitation as invitation
    where invitation.company_id = person.company_id
      and invitation.user_id = person.user_id)
   or not exists (
    select from data.held_key as held
    where held.company_id = person.company_id
      and held.holder_kind = case when person.activated_time is null then 'invitation' else 'user' end
      and held.holder_id = person.user_uuid));

create or replace view data.invariant_removed_users_keep_nothing as
select person.company_id, person.user_id
from data.company_user as person
where person.removed_time is not null
  and (num_nonnulls(person.verifier, person.totp_secret, person.group_id, person.vault_record_id) > 0
       or person.deactivated_time is null
       or exists (
           select from data.token as token
           where token.company_id = person.company_id
             and token.user_id = person.user_id)
       or exists (
           select from data.held_key as held
           where held.company_id = person.company_id
             and held.holder_kind in ('user', 'invitation')
             and held.holder_id = person.user_uuid)
       or exists (
           select from data.invitation as invitation
           where invitation.company_id = person.company_id
             and invitation.user_id = person.user_id)
       or exists (
           select from data.team_member as member
           where member.company_id = person.company_id
             and member.user_id = person.user_id)
       or exists (
           select from data.totp_recovery_code as code
           where code.company_id = person.company_id
             and code.user_id = person.user_id)
       or exists (
           select from data.notification as notification
           where notification.company_id = person.company_id
             and notification.user_id = person.user_id)
       or exists (
           select from data.email_address as address
           where address.company_id = person.company_id
             and address.user_id = person.user_id));

create or replace view data.invariant_items_wait_for_what_is_open as
select item.company_id, item.queue_id, item.open_dependency_count
from data.queue_item as item
where item.claim_number = 0
  and item.finished_time is null
  and item.open_dependency_count <> (
      select count(*)
      from data.dependency as dependency
      join data.queue_item as need on need.company_id = dependency.company_id and need.queue_id = dependency.needs_queue_id
      where dependency.company_id = item.company_id
        and dependency.queue_id = item.queue_id
        and need.finished_time is null);

create or replace view data.invariant_dependants_are_held as
select item.company_id, item.queue_id, item.held, item.open_dependency_count
from data.queue_item as item
where item.finished_time is null
  and (item.held is not distinct from 'DEPENDENCY') <> (item.open_dependency_count > 0);

create or replace view data.invariant_items_depend_on_their_team as
select dependency.company_id, dependency.queue_id, dependency.needs_queue_id
from data.dependency as dependency
join data.queue_item as item on item.company_id = dependency.company_id and item.queue_id = dependency.queue_id
join data.queue_item as need on need.company_id = dependency.company_id and need.queue_id = dependency.needs_queue_id
where need.team_id <> item.team_id
   or need.finished_time is null and not need.has_dependants;

create or replace view data.invariant_buckets_hold_no_more_than_their_burst as
select policy.company_id, policy.policy_id, policy.tokens
from data.queue_policy as policy
where policy.tokens is not null
  and (policy.rate_burst is null or policy.tokens_time is null or policy.tokens not between 0 and policy.rate_burst);

create or replace view data.invariant_unfinished_items_lie_in_a_lane_of_their_place as
select item.company_id, item.queue_id
from data.queue_item as item
join data.company as company on company.company_id = item.company_id
where item.finished_time is null
  and not exists (
      select from data.lane as lane
      join data.queue_policy as policy on policy.company_id = lane.company_id and policy.policy_id = lane.policy_id
      where lane.company_id = item.company_id
        and lane.lane_id = item.lane_id
        and lane.policy_id = item.policy_id
        and lane.team_id = item.team_id
        and policy.team_id = item.team_id
        and policy.removed_time is null
        and lane.machine_id is not distinct from case when not item.pooled then item.machine_id end
        and lane.labels = coalesce(item.labels, '{}')
        and lane.user_id is not distinct from case when company.max_running_per_user is not null then item.created_by end);

create or replace view data.invariant_unfinished_items_are_counted_in_companies_with_limits as
select item.company_id, item.queue_id
from data.queue_item as item
join data.company as company on company.company_id = item.company_id
where item.finished_time is null
  and num_nonnulls(company.max_running, company.max_running_per_user) > 0
  and item.counted_user_id is distinct from item.created_by;

create or replace view data.invariant_lanes_are_of_users_where_each_is_limited as
select lane.company_id, lane.lane_id
from data.lane as lane
join data.company as company on company.company_id = lane.company_id
where (lane.user_id is not null) <> (company.max_running_per_user is not null);

create or replace view data.invariant_nothing_waits_before_its_lanes_mark as
select item.company_id, item.queue_id, lane.mark
from data.queue_item as item
join data.lane as lane on lane.company_id = item.company_id and lane.lane_id = item.lane_id
where item.status = 'PENDING'
  and item.held is null
  and item.queue_id < lane.mark;

create or replace view data.invariant_attempts_are_dense as
select numbered.company_id, numbered.queue_id, numbered.claim_number, numbered.attempt
from (
    select claim.company_id, claim.queue_id, claim.claim_number, claim.attempt,
           lag(claim.attempt, 1, 0) over each_item as attempt_before,
           lag(claim.outcome) over each_item as outcome_before,
           row_number() over each_item as place
    from data.claim as claim
    window each_item as (partition by claim.company_id, claim.queue_id order by claim.claim_number)) as numbered
where numbered.claim_number <> numbered.place
   -- One that went back unharmed, or was lost in silence, is not counted.
   or numbered.attempt <> numbered.attempt_before + 1
      and not (numbered.attempt = numbered.attempt_before and numbered.outcome_before in ('LOST', 'RETURNED'));

create or replace view data.invariant_attempts_are_within_bounds as
select item.company_id, item.queue_id, item.attempt, claim.attempt as last_attempt, item.max_attempts
from data.queue_item as item
left join data.claim as claim
    on claim.company_id = item.company_id and claim.queue_id = item.queue_id and claim.claim_number = item.claim_number
where item.attempt > item.max_attempts
   or item.attempt not in (coalesce(claim.attempt, 0), coalesce(claim.attempt, 0) - 1)
   or item.attempt < coalesce(claim.attempt, 0) and coalesce(claim.outcome not in ('LOST', 'RETURNED'), true)
   or claim.attempt > item.max_attempts;

-- Every join of an item stays in its company and, where it has one, in its team.
create or replace view data.invariant_items_stay_in_their_company_and_team as
select item.company_id, item.queue_id
from data.queue_item as item
left join data.team as team on team.company_id = item.company_id and team.team_id = item.team_id
left join data.queue_policy as policy on policy.company_id = item.company_id and policy.policy_id = item.policy_id
left join data.company_user as person on person.company_id = item.company_id and person.user_id = item.created_by
left join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
where team.team_id is null
   or policy.team_id is distinct from item.team_id
   or person.user_id is null
   or item.counted_user_id <> item.created_by
   or (machine.machine_id is null) <> (item.machine_id is null);

create or replace view data.invariant_lanes_stay_in_their_team as
select lane.company_id, lane.lane_id
from data.lane as lane
left join data.queue_policy as policy on policy.company_id = lane.company_id and policy.policy_id = lane.policy_id
left join data.machine as machine on machine.company_id = lane.company_id and machine.machine_id = lane.machine_id
where policy.team_id is distinct from lane.team_id
   or lane.machine_id is not null and machine.team_id is distinct from lane.team_id;

-- Of an item or a machine, no message is sent before an earlier one: it would be told in another order than it happened.
create or replace view data.invariant_webhooks_are_told_in_order as
select later.company_id, later.delivery_id
from data.webhook_delivery as later
join data.webhook_delivery as earlier
    on earlier.company_id = later.company_id and earlier.webhook_id = later.webhook_id
    and earlier.subject_id = later.subject_id and earlier.delivery_id < later.delivery_id
where earlier.status = 'PENDING'
  and (later.status <> 'PENDING' or later.attempt_count > 0 or later.lease_until is not null);
