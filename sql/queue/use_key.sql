create or replace function queue.use_key(
    p_caller            auth.caller,
    p_idempotency_key   text,
    p_vault_fingerprint bytea,
    p_arguments         jsonb,
    p_now               timestamptz)
returns data.idempotency
language plpgsql volatile set search_path = ''
as $$
-- What a call of this user with this Idempotency-Key has made before; null when this call is the first, which then holds the key.
--
-- Arguments:
--   vault_fingerprint  as data.fingerprint_of gives it, a digest under the scope key: a bare hash of a short body could be guessed
--   arguments          everything else that the body says
-- Errors:
--   JB409  the key was used with another body
-- Rules:
--   Keys are kept for seven days. Two calls at once: the second waits here for the first.
declare
    v_digest      bytea := sha256(coalesce(p_vault_fingerprint, ''::bytea) || convert_to(p_arguments::text, 'UTF8'));
    v_fingerprint bytea := coalesce(substring(p_vault_fingerprint from 1 for 4), '\x00000000') || substring(v_digest from 1 for 28);
    v_kept        data.idempotency;
begin
    insert into data.idempotency as kept (company_id, user_id, idempotency_key, fingerprint, queue_id, expires_time)
    values (p_caller.company_id, p_caller.user_id, p_idempotency_key, v_fingerprint, 0, p_now + interval '7 days')
    on conflict (company_id, user_id, idempotency_key) do update
    set fingerprint = excluded.fingerprint,
        queue_id = 0,
        batch_ids = null,
        expires_time = excluded.expires_time
    where kept.expires_time <= p_now;
    if found then
        return null;
    end if;

    select kept.*
    into v_kept
    from data.idempotency as kept
    where kept.company_id = p_caller.company_id
      and kept.user_id = p_caller.user_id
      and kept.idempotency_key = p_idempotency_key;
    if data.is_another_text(v_kept.fingerprint, v_fingerprint) then
        raise exception using errcode = 'JB409',
            message = format('Idempotency-Key %s was used with another body', p_idempotency_key);
    end if;
    return v_kept;
end;
$$;
