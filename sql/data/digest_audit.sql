create or replace function data.digest_audit(
    p_company_id   bigint,
    p_digest       bytea,
    p_from         xid8,
    p_before       xid8,
    p_after_id     bigint,
    p_up_to_id     bigint,
    out row_count  bigint,
    out first_time timestamptz,
    out digest     bytea)
language plpgsql stable set search_path = ''
as $$
-- What an anchor says of a company's audit rows.
--
-- Arguments:
--   digest     of the anchor before; null for the first
--   from       rows of this transaction and later ones
--   before     and of earlier ones than this; null: of any
--   after_id   only rows with greater numbers
--   up_to_id   and with this number or lower ones; null: any
-- Returns:
--   SHA-256 over the digest before, the company, how many rows, and the SHA-256 of each row, by their numbers
-- Rules:
--   Rows are written out field by field, times in UTC, so that neither settings nor versions of the server change the text.
declare
    v_rows bytea;
begin
    select count(*), min(kept.audit_time), string_agg(sha256(convert_to(jsonb_build_array(
        kept.audit_id, to_char(kept.audit_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), kept.transaction_id::text,
        kept.user_id, kept.actor, kept.procedure_name, kept.status, kept.action, kept.entity, kept.entity_uuid,
        kept.entity_name, kept.details, kept.request_id, kept.address)::text, 'UTF8')), ''::bytea order by kept.audit_id)
    into row_count, first_time, v_rows
    from data.audit as kept
    where kept.company_id = p_company_id
      and kept.transaction_id >= p_from
      and (p_before is null or kept.transaction_id < p_before)
      and kept.audit_id > p_after_id
      and (p_up_to_id is null or kept.audit_id <= p_up_to_id);

    select sha256(coalesce(p_digest, '') || convert_to(format('%s %s ', company.company_uuid, row_count), 'UTF8')
        || coalesce(v_rows, ''))
    into digest
    from data.company as company
    where company.company_id = p_company_id;
end;
$$;
