create or replace function auth.require_company_document(p_document jsonb)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Make sure that a document is of the form that ExportCompanyData gives it, as far as an import reads it.
--
-- Errors:
--   JB400  it is not; the sentence names what is missing
declare
    v_needed    record;
    v_complaint text;
begin
    if p_document ->> 'format' is distinct from 'broker-company' or p_document ->> 'version' is distinct from '1' then
        raise exception using errcode = 'JB400',
            message = 'companyDataJson was not made by ExportCompanyData: format must be broker-company, version 1';
    end if;

    for v_needed in
        select needed.section, needed.member
        from (
            values
            ('regions', 'regionName'), ('bridges', 'bridgeName'), ('bridges', 'regionName'), ('teams', 'teamName'),
            ('machines', 'machineName'), ('machines', 'teamName'), ('machines', 'bridgeName')) as needed (section, member)
    loop
        if jsonb_typeof(p_document -> v_needed.section) is distinct from 'array' then
            v_complaint := format('%s must be a list', v_needed.section);
        elsif exists (
            select from jsonb_array_elements(p_document -> v_needed.section) as entry (value)
            where jsonb_typeof(entry.value -> v_needed.member) is distinct from 'string') then
            v_complaint := format('each of %s needs %s', v_needed.section, v_needed.member);
        end if;
        if v_complaint is not null then
            raise exception using errcode = 'JB400',
                message = format('companyDataJson was not made by ExportCompanyData: %s', v_complaint);
        end if;
    end loop;
end;
$$;
