"""Faults of the engine (faults.py) that have been judged, by name: what does it matter?"""

# Nobody can notice these: what they change makes no difference.
EQUAL = {
    "queue/wait_reasons: `if p_item.held = 'TIME' or p_item.held is not null and p_item.ready_time > "
    "p_now then` with >=": ("the two differ in the microsecond in which it is due only"),
    "queue/signs_of: `when v_heard >= v_since and coalesce(last_claim, p_machine.registered_time) < "
    "v_since then 'DEAF'` with <=": ("the two differ in the microsecond in which it was heard only"),
    "api/queue/update_queue_items_to_completed: `done.ordinality` turned": (
        "what is not recognised at once is judged item by item, with the same end"
    ),
    "queue/ahead_on: `item.priority desc` turned": ("its items are only counted, up to a number"),
    "queue/ahead_on: `item.priority desc` turned (2)": ("its items are only counted, up to a number"),
    "queue/rooms_of: `item.priority desc` turned": ("it is only asked whether there is one"),
    "queue/lock_next_items: without `and v_user_rooms[array_position(v_user_ids, "
    "(p_lanes[offered.place]).user_id)] is distinct from 0`": ("it looks deeper in vain, and finds what it has found"),
    "queue/policy_room_keys: without `and policy.policy_id = any(p_policy_ids)`": (
        "waiters are woken in vain, and wait on"
    ),
    "queue/policy_room_keys: without `and num_nonnulls(company.max_running, company.max_running_per_user) > 0`": (
        "waiters are woken in vain, and wait on"
    ),
    "queue/lost_lanes: without `and item.held is null`": (
        "of a lane that is lost what is held is not repaired, and nothing else is read of it"
    ),
    "queue/lock_all_unfinished: without `and first.status = 'PENDING'`": (
        "what is locked is looked at once more: what has finished is left"
    ),
    "queue/lock_all_unfinished: without `and later.held is not null`": ("an item that is named twice is locked once"),
    "queue/add_items: `v_counted_user_id bigint := case when num_nonnulls(v_limits.max_running, "
    "v_limits.max_running_per_user) > 0 then p_caller.user_id end;` with >=": (
        "the first limit of a company writes the same value"
    ),
    "api/policy/update_company_limits: without `and item.counted_user_id is null`": (
        "it is the maker's anyway: the same value is written"
    ),
    "queue/lanes_of: `asked.machine_id` turned": (
        "nobody promises which of a bridge's machines gets the item of a pool"
    ),
}
# Of the suite's sample these are noticed by the tests of procedures only.
NOT_AT_ONCE = {
    "queue/claim: without `and item.lane_id = lane.lane_id`",
    "queue/lock_next_items: without `and cardinality(queue_ids) > 0`",
    "queue/put_back: without `and v_claim.sign_time is not null`",
}
