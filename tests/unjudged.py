"""Places of places.py whose loss nobody of test_tenancy_mutants.py notices, and that nobody has judged yet.

Most are of queues, schedules, batches, pools, dependencies and the reconciler, for which tests/scenes has no scenes of
their own; others are of functions that are handed ids of one company, which may be EQUAL. What is missing is a scene
that notices, or a reason why nothing can. A file, what is left out, and which of those that read alike it is.
"""

PLACES = """
queue/ensure_policy.sql: policy.company_id = p_caller.company_id #1
api/queue/get_queue_item.sql: item.company_id = v_item.company_id #1
api/queue/return_queue_items.sql: item.company_id = v_caller.company_id #1
api/people/create_new_user.sql: perform auth.require_users_rights(v_caller, p_new_user_email); #1
api/places/delete_machine.sql: lane.company_id = v_caller.company_id #1
api/places/delete_machine.sql: token.company_id = v_caller.company_id #2
api/places/resume_machine.sql: machine.company_id = v_caller.company_id #1
api/policy/create_schedule.sql: auth.require_team( #1
api/policy/delete_queue.sql: lane.company_id = v_caller.company_id #1
api/policy/delete_queue.sql: schedule.company_id = v_caller.company_id #1
api/policy/get_notifications.sql: item.company_id = told.company_id #1
api/policy/get_notifications.sql: told.company_id = v_caller.company_id #1
api/policy/reconcile_queue.sql: policy.company_id = v_caller.company_id #1
api/policy/update_schedule.sql: auth.require_team( #1
api/queue/create_queue_items.sql: item.company_id = v_caller.company_id #1
api/queue/get_queue_item_trace.sql: auth.see_item( #1
api/queue/get_queue_item_wait_reason.sql: claim.company_id = v_item.company_id #1
api/queue/get_team_queue_items.sql: schedule.company_id = item.company_id #1
api/queue/retry_queue_items.sql: retry.company_id = v_caller.company_id #1
api/queue/update_queue_items_to_completed.sql: item.company_id = v_caller.company_id #1
auth/entity_target.sql: person.company_id = p_caller.company_id #1
auth/grant_machine.sql: team.company_id = p_caller.company_id #1
auth/grant_machine.sql: token.company_id = p_caller.company_id #2
auth/require_agent_target.sql: machine.company_id = p_caller.company_id #1
auth/require_agent_target.sql: machine.company_id = p_caller.company_id #2
auth/require_agent_target.sql: team.company_id = machine.company_id #1
auth/require_another_user.sql: perform auth.require_other_administrator(p_caller, v_user); #1
auth/require_dead_letter.sql: kept.company_id = p_caller.company_id #1
auth/require_dead_letter.sql: member.company_id = kept.company_id #1
auth/require_invitable.sql: his.company_id = p_user.company_id #1
auth/see_item.sql: team.company_id = p_caller.company_id #1
auth/shown_teams.sql: team.company_id = p_caller.company_id #1
auth/withdraw_pools.sql: machine.company_id = own.company_id #1
auth/withdraw_pools.sql: own.company_id = p_company_id #1
auth/withdraw_pools.sql: team.company_id = p_company_id #1
keyring/schedule_timing.sql: auth.require_team( #1
keyring/vault_target.sql: auth.require_machine( #1
keyring/vault_target.sql: auth.require_team( #1
keyring/vault_target.sql: machine.company_id = v_schedule.company_id #1
keyring/vault_targets.sql: held.company_id = item.company_id #1
keyring/vault_targets.sql: item.company_id = v_caller.company_id #1
keyring/vault_targets.sql: machine.company_id = v_caller.company_id #1
keyring/vault_targets.sql: team.company_id = v_caller.company_id #1
queue/add_items.sql: item.company_id = p_caller.company_id #1
queue/ahead_on.sql: own.company_id = p_item.company_id #1
queue/ahead_on.sql: policy.company_id = p_item.company_id #1
queue/ahead_on.sql: shared.company_id = p_item.company_id #1
queue/choose_items.sql: auth.require_team( #1
queue/choose_items.sql: item.company_id = p_caller.company_id #1
queue/claim.sql: item.company_id = p_caller.company_id #1
queue/close_orphans.sql: claim.company_id = p_company_id #1
queue/close_orphans.sql: claim.company_id = p_company_id #2
queue/close_orphans.sql: company.company_id = p_company_id #1
queue/close_orphans.sql: dependency.company_id = item.company_id #1
queue/close_orphans.sql: dependency.company_id = p_company_id #1
queue/close_orphans.sql: item.company_id = lane.company_id #1
queue/close_orphans.sql: item.company_id = p_company_id #1
queue/close_orphans.sql: item.company_id = p_company_id #2
queue/close_orphans.sql: lane.company_id = p_company_id #1
queue/close_orphans.sql: lane.company_id = p_company_id #2
queue/close_orphans.sql: lane.company_id = p_company_id #3
queue/close_orphans.sql: lost.company_id = p_company_id #1
queue/close_orphans.sql: need.company_id = dependency.company_id #1
queue/close_orphans.sql: need.company_id = dependency.company_id #2
queue/close_orphans.sql: policy.company_id = lane.company_id #1
queue/close_orphans.sql: policy.company_id = lost.company_id #1
queue/count_down.sql: found.company_id = p_company_id #1
queue/count_down.sql: item.company_id = p_company_id #1
queue/count_needs.sql: item.company_id = p_company_id #1
queue/count_needs.sql: item.company_id = p_company_id #2
queue/delete_item.sql: item.company_id = p_item.company_id #3
queue/delete_item.sql: item.company_id = p_item.company_id #4
queue/delete_item.sql: schedule.company_id = p_item.company_id #1
queue/delete_team_items.sql: claim.company_id = item.company_id #1
queue/delete_team_items.sql: schedule.company_id = p_company_id #1
queue/details_of.sql: item.company_id = p_item.company_id #1
queue/details_of.sql: need.company_id = p_item.company_id #1
queue/details_of.sql: policy.company_id = company.company_id #1
queue/details_of.sql: schedule.company_id = company.company_id #1
queue/end_unanswered.sql: item.company_id = p_item.company_id #1
queue/enter_lanes.sql: item.company_id = p_company_id #1
queue/enter_lanes.sql: lane.company_id = p_company_id #2
queue/fail_dependant.sql: dependency.company_id = p_item.company_id #1
queue/fail_dependant.sql: ended.company_id = p_item.company_id #1
queue/fail_dependant.sql: item.company_id = p_item.company_id #1
queue/find_needs.sql: item.company_id = p_caller.company_id #1
queue/find_repeated_batch.sql: item.company_id = p_caller.company_id #1
queue/finish_items.sql: last.company_id = live.company_id #1
queue/finish_items.sql: live.company_id = p_caller.company_id #1
queue/finish_items.sql: team.company_id = live.company_id #1
queue/first_waiting.sql: item.company_id = p_lane.company_id #1
queue/has_maker.sql: member.company_id = p_schedule.company_id #1
queue/has_maker.sql: person.company_id = member.company_id #1
queue/held_dependants.sql: dependency.company_id = p_company_id #1
queue/held_dependants.sql: item.company_id = p_company_id #1
queue/holders.sql: item.company_id = p_company_id #1
queue/is_idle_lane.sql: item.company_id = p_lane.company_id #1
queue/is_idle_lane.sql: item.company_id = p_lane.company_id #2
queue/is_idle_lane.sql: item.company_id = p_lane.company_id #3
queue/judge_claim.sql: machine.company_id = claim.company_id #1
queue/keep_needs.sql: item.company_id = p_company_id #1
queue/keys_of_needs.sql: item.company_id = p_company_id #1
queue/lane_of.sql: machine.company_id = p_company_id #2
queue/lane_of.sql: team.company_id = policy.company_id #1
queue/lanes_of.sql: policy.company_id = p_company_id #1
queue/lanes_of.sql: shared.company_id = p_company_id #1
queue/lanes_of.sql: taker.company_id = p_company_id #2
queue/leave_vault.sql: item.company_id = p_schedule.company_id #1
queue/live_items.sql: machine.company_id = p_company_id #1
queue/lock_all_unfinished.sql: first.company_id = p_company_id #1
queue/lock_all_unfinished.sql: lane.company_id = p_company_id #1
queue/lock_all_unfinished.sql: later.company_id = p_company_id #1
queue/lock_all_unfinished.sql: live.company_id = p_company_id #1
queue/lock_all_unfinished.sql: policy.company_id = p_company_id #1
queue/machine_loads.sql: item.company_id = policy.company_id #1
queue/machine_loads.sql: policy.company_id = p_company_id #1
queue/move_to_user_lanes.sql: item.company_id = p_company_id #1
queue/move_to_user_lanes.sql: item.company_id = p_company_id #2
queue/move_to_user_lanes.sql: lane.company_id = p_company_id #1
queue/move_to_user_lanes.sql: lane.company_id = p_company_id #2
queue/named_policies.sql: policy.company_id = p_company_id #1
queue/orders_for.sql: asked.company_id = p_caller.company_id #1
queue/orders_for.sql: granted.company_id = held.company_id #1
queue/orders_for.sql: held.company_id = p_caller.company_id #1
queue/pass_gate.sql: company.company_id = p_company_id #1
queue/policy_load.sql: item.company_id = p_company_id #1
queue/policy_load.sql: lane.company_id = p_company_id #1
queue/policy_room_keys.sql: company.company_id = p_company_id #1
queue/policy_room_keys.sql: policy.company_id = p_company_id #1
queue/pool_waiting_count.sql: lane.company_id = p_company_id #1
queue/put_back.sql: policy.company_id = p_item.company_id #1
queue/recent_items.sql: item.company_id = p_company_id #1
queue/recent_items.sql: item.company_id = p_company_id #2
queue/recent_items.sql: later.company_id = p_company_id #1
queue/release_dependants.sql: item.company_id = p_company_id #1
queue/released_keys.sql: dependency.company_id = p_company_id #1
queue/released_keys.sql: item.company_id = p_company_id #1
queue/require_free_task_ids.sql: item.company_id = p_company_id #1
queue/require_policy.sql: policy.company_id = p_caller.company_id #1
queue/retry_hindrance.sql: machine.company_id = policy.company_id #1
queue/retry_hindrance.sql: policy.company_id = p_item.company_id #1
queue/retry_later.sql: policy.company_id = p_item.company_id #1
queue/rooms_of.sql: item.company_id = p_company_id #3
queue/rooms_of.sql: item.company_id = p_company_id #4
queue/schedule_hindrance.sql: machine.company_id = p_schedule.company_id #1
queue/scope_of.sql: team.company_id = p_item.company_id #1
queue/settle_dependants.sql: item.company_id = p_item.company_id #1
queue/signs_of.sql: token.company_id = p_machine.company_id #1
queue/spend_tokens.sql: policy.company_id = p_company_id #1
queue/take_back.sql: item.company_id = p_company_id #1
queue/take_back.sql: item.company_id = p_company_id #2
queue/takers_of_caller.sql: granted.company_id = held.company_id #2
queue/takers_of_caller.sql: held.company_id = p_caller.company_id #2
queue/takers_of_caller.sql: machine.company_id = p_caller.company_id #2
queue/takers_of_item.sql: machine.company_id = p_item.company_id #1
queue/takers_of_item.sql: policy.company_id = p_item.company_id #1
queue/time_out.sql: claim.company_id = p_item.company_id #1
queue/user_holders.sql: item.company_id = p_company_id #1
queue/visible_items.sql: other.company_id = p_caller.company_id #1
queue/wait_reasons.sql: item.company_id = need.company_id #1
queue/wait_reasons.sql: need.company_id = p_item.company_id #1
queue/wait_reasons.sql: policy.company_id = p_item.company_id #1
queue/wait_reasons_of_limits.sql: company.company_id = p_item.company_id #1
queue/wait_reasons_of_limits.sql: item.company_id = p_item.company_id #1
queue/wait_reasons_of_limits.sql: item.company_id = p_item.company_id #2
queue/wait_reasons_of_takers.sql: machine.company_id = p_item.company_id #1
queue/waiting_in.sql: item.company_id = p_company_id #2
"""


def place_of(line: str) -> tuple[str, str, int]:
    """The place that a line names."""
    file, rest = line.split(": ", 1)
    left_out, nth = rest.rsplit(" #", 1)
    return file, left_out, int(nth)


UNJUDGED_YET = {place_of(line) for line in PLACES.strip().splitlines()}
