create or replace function queue.find_repeated_batch(
    p_caller          auth.caller,
    p_idempotency_key text,
    p_team            data.team,
    p_orders          data.batch_item[],
    p_as_flow         boolean,
    p_now             timestamptz)
returns bigint[]
language plpgsql volatile set search_path = ''
as $$
-- The items that a batch of this user with this Idempotency-Key has made before, in the order of the batch; null when this one is
-- the first, which then holds the key.
--
-- Arguments:
--   as_flow  whether the batch makes a flow: one that does not is another
-- Errors:
--   JB409  the key was used with another body, or one of its items has been deleted since
declare
    v_vaults  bytea := (
        select string_agg(data.fingerprint_of(given.queue_vault), ''::bytea order by given.ordinality)
        from unnest(p_orders) with ordinality as given);
    v_kept    data.idempotency;
    v_deleted bigint;
begin
    v_kept := queue.use_key(p_caller, p_idempotency_key, substring(v_vaults from 1 for 4) || sha256(v_vaults), (
        select jsonb_build_array(p_team.team_id, jsonb_agg(to_jsonb(given) - 'queue_vault' order by given.ordinality))
                   || case when p_as_flow then '["flow"]' else '[]' end::jsonb
        from unnest(p_orders) with ordinality as given), p_now);
    if v_kept.company_id is null then
        return null;
    end if;

    v_deleted := (
        select made.queue_id
        from unnest(v_kept.batch_ids) as made (queue_id)
        where not exists (
            select from data.queue_item as item
            where item.company_id = p_caller.company_id
              and item.queue_id = made.queue_id)
        limit 1);
    if v_deleted is not null or v_kept.batch_ids is null then
        raise exception using errcode = 'JB409', message = format(
            'Idempotency-Key %s made queue item %s, which was deleted', p_idempotency_key, coalesce(v_deleted, v_kept.queue_id));
    end if;
    return v_kept.batch_ids;
end;
$$;
