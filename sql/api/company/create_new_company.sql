create or replace function api.create_new_company(
    p_company_name           data.entity_name,
    p_company_material       data.company_material,
    p_subscription_plan      text default null,
    p_language_preference    data.entity_name default null,
    p_company_vault_defaults data.vault default null)
returns table (
    user_email          text,
    result              text,
    language_preference text,
    activation_code     data.revealed,
    recovery_code       data.revealed,
    company_name        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a company with its first user, who is its administrator once he has activated his account.
--
-- The e-mail comes in the header Rediacc-UserEmail.
--
-- Callers: anyone
-- Ceremony: new_company
-- Seals: companyVaultDefaults company new_company
-- Arguments:
--   companyName           its name; other companies may have the same
--   subscriptionPlan      COMMUNITY, ADVANCED (or PRO), PREMIUM (BUSINESS), ELITE (ENTERPRISE); default: the operator's choice
--   languagePreference    of the first user
--   companyVaultDefaults  JSON text, the first content of the company's vault
-- Returns:
--   1: one row; activationCode is good for 7 days and one use, recoveryCode opens the company's vaults when nobody is left who
--      can: both are shown here and nowhere else
-- Errors:
--   JB400  there is no such plan
--   JB409  the e-mail is in use
--   JB421  the vault was sealed for something else
-- Rules:
--   An e-mail belongs to one user in the whole system. It is free again when the first user of a company has let his code expire,
--   or used up its tries, and nobody has activated an account there.
--   A new company has the team Private Team, whose member the first user is, the region Default Region, and in it the bridges
--   Global Bridges and My Bridge. Its vault has version 1.
#variable_conflict use_column
declare
    v_caller     auth.caller := auth.enter_call();
    v_now        timestamptz := data.clock();
    v_plan       data.plan := coalesce(data.plan_of(p_subscription_plan), (p_company_material).plan);
    v_email      data.email := (p_company_material).email;
    v_company_id bigint;
    v_user_id    bigint;
    v_region_id  bigint;
    v_vault_id   bigint;
begin
    if p_subscription_plan is not null and data.plan_of(p_subscription_plan) is null then
        raise exception using errcode = 'JB400', message = format(
            'subscriptionPlan %s does not exist: COMMUNITY, ADVANCED, PREMIUM and ELITE do', left(p_subscription_plan, 100));
    end if;

    perform data.free_email(v_email, v_now);

    insert into data.company (company_uuid, company_name, plan, created_time)
    values ((p_company_material).company_uuid, p_company_name, v_plan, v_now)
    returning company_id into v_company_id;

    insert into data.company_key (company_id, key_version, check_value, created_time)
    values (v_company_id, 1, (p_company_material).check_value, v_now);

    -- Not `is not null`: a row is that only when none of its fields is null.
    if not (p_company_vault_defaults is null) then
        perform auth.require_vault(
            p_company_vault_defaults, 'company', (p_company_material).company_uuid, (p_company_material).company_uuid, 0,
            'company');
        v_vault_id := data.store_vault(v_company_id, p_company_vault_defaults, v_now);
        update data.company as company
        set vault_record_id = v_vault_id
        where company.company_id = v_company_id;
    end if;

    v_user_id := data.make_user(
        v_company_id, v_email, 'Administrators', p_language_preference, (p_company_material).invitation, v_now);

    perform data.store_recovery(v_company_id, (p_company_material).company_uuid, (p_company_material).recovery, v_now);

    perform data.make_team(v_company_id, data.uuid_v7(), 'Private Team', null, v_user_id, v_now, p_is_built_in => true);
    v_region_id := data.make_region(v_company_id, data.uuid_v7(), 'Default Region', null, v_now);
    perform data.make_bridge(v_company_id, v_region_id, data.uuid_v7(), 'Global Bridges', null, v_now, p_is_global => true);
    perform data.make_bridge(v_company_id, v_region_id, data.uuid_v7(), 'My Bridge', null, v_now);

    v_caller.company_id := v_company_id;
    v_caller.user_id := v_user_id;
    v_caller.actor := v_email;
    perform auth.audit(v_caller, v_now, 'Created', 'Company', (p_company_material).company_uuid, p_company_name,
        format('plan %s, first user %s', v_plan, v_email));

    return query
    select v_email::text, format('company %s created', p_company_name), p_language_preference::text, null::data.revealed,
           null::data.revealed, p_company_name::text;
end;
$$;
