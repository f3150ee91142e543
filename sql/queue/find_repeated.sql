create or replace function queue.find_repeated(
    p_caller            auth.caller,
    p_idempotency_key   text,
    p_vault_fingerprint bytea,
    p_arguments         jsonb,
    p_now               timestamptz)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- The item that a call of this user with this Idempotency-Key has made before; null when this call is the first, which then
-- holds the key.
--
-- Arguments:
--   vault_fingerprint  as data.fingerprint_of gives it, a digest under the scope key: a bare hash of a short body could be guessed
--   arguments          everything else that the body says
-- Errors:
--   JB409  the key was used with another body, or its item has been deleted since
-- Rules:
--   Keys are kept for seven days. Two calls at once: the second waits here for the first.
declare
    v_kept data.idempotency := queue.use_key(p_caller, p_idempotency_key, p_vault_fingerprint, p_arguments, p_now);
    v_item data.queue_item;
begin
    if v_kept.company_id is null then
        return null;
    end if;

    select item.*
    into v_item
    from data.queue_item as item
    where item.company_id = p_caller.company_id
      and item.queue_id = v_kept.queue_id;
    if not found then
        raise exception using errcode = 'JB409',
            message = format('Idempotency-Key %s made queue item %s, which was deleted', p_idempotency_key, v_kept.queue_id);
    end if;
    return v_item;
end;
$$;
