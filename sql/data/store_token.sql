create or replace function data.store_token(
    p_company_id       bigint,
    p_kind             data.token_kind,
    p_material         data.token_material,
    p_name             data.entity_name,
    p_expires_time     timestamptz,
    p_time             timestamptz,
    p_created_by       bigint,
    p_user_id          bigint default null,
    p_permission_group data.permission_group default null,
    p_permissions      text[] default null,
    p_machine_id       bigint default null,
    p_bridge_id        bigint default null,
    p_target_bridge_id bigint default null,
    p_parent_token_id  uuid default null,
    p_awaits_code      boolean default false,
    p_permissions_name text default null,
    p_password_shown   timestamptz default null,
    p_full_expires     timestamptz default null,
    p_pools            boolean default false)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- Keep a new token, the way that leads to it, and its keys; whence it was asked for is kept with it.
--
-- Returns:
--   its request_id
declare
    v_origin     auth.request_origin := auth.origin();
    v_request_id bigint;
begin
    insert into data.token (
        company_id, token_id, kind, token_hash, token_name, user_id, permission_group, permissions, machine_id, bridge_id,
        target_bridge_id, parent_token_id, awaits_code, created_by, created_time, expires_time, last_used_time, address,
        user_agent, permissions_name, password_shown_time, full_expires_time, pools)
    values (
        p_company_id, p_material.token_id, p_kind, p_material.token_hash, p_name, p_user_id, p_permission_group, p_permissions,
        p_machine_id, p_bridge_id, p_target_bridge_id, p_parent_token_id, p_awaits_code, p_created_by, p_time, p_expires_time,
        p_time, v_origin.address, v_origin.user_agent, p_permissions_name, p_password_shown, p_full_expires,
        p_pools)
    returning request_id into v_request_id;

    insert into data.token_company (token_hash, company_id, token_id)
    values (p_material.token_hash, p_company_id, p_material.token_id);

    perform data.store_grants(
        p_company_id, p_kind::text, p_material.token_id, p_material.grants, p_material.principal);
    return v_request_id;
end;
$$;
