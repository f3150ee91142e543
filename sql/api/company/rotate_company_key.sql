create or replace function api.rotate_company_key(
    p_rotation_material data.rotation_material,
    p_cursor            text default null,
    p_batch_size        integer default 500,
    out hindrances      data.rotation_hindrance[],
    out "cursor"        text,
    out key_version     integer,
    out done            boolean,
    out rewrapped       integer,
    out remaining       integer,
    out left_out        integer,
    out earliest_end    timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give the company a new key and wrap the keys of its vaults anew, a batch with each call: repeat the call, each time with the
-- cursor of the last answer, until done.
--
-- Callers: administrators
-- Ceremony: rotation
-- Arguments:
--   cursor     from the last answer; without it a rotation begins, or the one that is under way goes on
--   batchSize  how many vaults this call may take, 1 to 1000, default 500
-- Returns:
--   1: who holds up the end, one row each, at most 100: kind (User, AgentToken, Session, Invitation, RecoveryCode), name, and
--      what helps
--   cursor       for the next call; null when the rotation has ended
--   keyVersion   the version that the rotation goes to
--   done         whether the rotation has ended: the older versions of the key are gone
--   rewrapped    how many vaults this call took
--   remaining    how many vaults are left, counted to 100000
--   leftOut      to how many no key is given, because their key pair is none that the company made; sessions among them end
--   earliestEnd  the rotation ends no earlier: until then some broker may still seal with the old key
-- Errors:
--   JB400  batchSize is out of range, or cursor is none that this call has answered
--   JB403  the caller is no administrator, or came without the broker
--   JB409  the session's own key pair is not as the company made it: sign in again
--   JB503  a rotation began or ended during the call
-- Rules:
--   A company has one rotation at a time: who calls while one is under way goes on with it. A call can be repeated at any point.
--   The content of vaults is not touched; a vault that somebody writes meanwhile is his.
--   Everybody keeps working, and new vaults use the new key a minute after it was made, at the latest.
--   The old key ends when no vault needs it and everybody holds the new one, 3 minutes after that at the earliest. An invitation
--   opens the key that it was made with: the end waits until it was used, made anew, or its user removed. Vaults that cannot be
--   opened hold nothing up.
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_company data.company;
    v_oldest  integer;
    v_named   integer := case when p_cursor ~ '^[0-9]{1,9}:[0-9]{1,18}$' then split_part(p_cursor, ':', 1) end;
    v_token   uuid;
begin
    if p_batch_size not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('batchSize is %s: 1 to 1000 are possible', p_batch_size);
    end if;

    -- Locked: steps of one rotation come one after the other.
    select company.*
    into v_company
    from data.company as company
    where company.company_id = v_caller.company_id
    for no key update;

    select min(known.key_version), max(known.key_version)
    into v_oldest, key_version
    from data.company_key as known
    where known.company_id = v_caller.company_id;

    if p_cursor is not null and (v_named is null or v_named not between 1 and key_version) then
        raise exception using errcode = 'JB400', message = 'cursor is none that RotateCompanyKey has answered';
    end if;
    perform auth.require_keys(v_caller, case when p_rotation_material.key_version is not null then v_caller.company_uuid end);

    rewrapped := 0;
    remaining := 0;
    left_out := 0;
    hindrances := '{}';
    done := v_named < key_version or v_oldest = key_version and v_named is not null;
    if done then
        return;
    end if;

    if v_oldest = key_version and p_rotation_material.key_version = key_version + 1 then
        key_version := key_version + 1;
        insert into data.company_key (company_id, key_version, check_value, created_time, granted_time)
        values (v_caller.company_id, rotate_company_key.key_version, p_rotation_material.check_value, v_now, v_now);
        perform auth.audit(v_caller, v_now, 'RotationStarted', 'Company', v_company.company_uuid, v_company.company_name,
            format('key version %s was made', key_version));
    elsif v_oldest = key_version or p_rotation_material.key_version <> key_version
          or p_rotation_material.check_value is not null then
        raise exception using errcode = 'JB503', message = 'a rotation of the company''s key began or ended during the call: repeat it';
    end if;

    if data.grant_holders(v_caller.company_id, p_rotation_material.grants, p_rotation_material.pairs) > 0 then
        update data.company_key as newest
        set granted_time = v_now
        where newest.company_id = v_caller.company_id
          and newest.key_version = rotate_company_key.key_version;
    end if;
    for v_token in
        select token.token_id
        from data.token as token
        where token.company_id = v_caller.company_id
          and token.token_id = any(p_rotation_material.strangers)
          and token.kind = 'session'
    loop
        perform data.end_token(v_caller.company_id, v_token);
    end loop;
    left_out := cardinality(p_rotation_material.strangers);
    rewrapped := data.rewrap_vaults(v_caller.company_id, p_rotation_material.vaults);

    remaining := (
        select count(*)
        from (
            select
            from data.vault_record as stored
            where stored.company_id = v_caller.company_id
              and stored.vault_record_id > coalesce(p_rotation_material.last_read, 0)
              and data.key_version_of(stored.wrapped_key) < rotate_company_key.key_version
              and stored.vault_record_id <> all(p_rotation_material.unreadable)
            limit 100000) as older);
    hindrances := data.rotation_hindrances(v_caller.company_id, key_version);
    earliest_end := (
        select newest.granted_time + interval '3 minutes'
        from data.company_key as newest
        where newest.company_id = v_caller.company_id
          and newest.key_version = rotate_company_key.key_version);

    done := p_rotation_material.last_read is null and remaining = 0 and cardinality(hindrances) = 0 and earliest_end <= v_now
        and data.end_older_keys(v_caller.company_id, key_version);
    if done then
        perform auth.audit(v_caller, v_now, 'Rotated', 'Company', v_company.company_uuid, v_company.company_name,
            format('key version %s is the only one', key_version));
    else
        "cursor" := format('%s:%s', key_version, coalesce(p_rotation_material.last_read, 0));
    end if;
end;
$$;
