-- Second factors and sessions: what ceremonies hand over, and what a session remembers.

alter table data.token
    add column permissions_name    text,                -- of a session: the name that its rights had at sign-in
    add column password_shown_time timestamptz,         -- when its owner last showed his password in it
    add column full_expires_time   timestamptz;         -- until when it lives once its second factor was shown

create index token_parent on data.token (company_id, parent_token_id) where parent_token_id is not null;

-- A verification or recovery code after the broker has tried it. All null: none was sent. Only totp_secret: a wrong one.
create type data.code_material as (
    totp_secret   bytea,                                -- sealed, as it was when the code was tried on it
    step          bigint,                               -- the time step whose code it is
    recovery_hash data.sha256);                         -- or what looks like a recovery code

alter type data.session_material add attribute code data.code_material;
alter type data.opened_session add attribute vault_company text;

create type data.session_code_material as (
    code data.code_material);

-- Of UpdateUserTFA: what the sender has shown, and what is to be kept.
create type data.second_factor_material as (
    proof           bytea,                              -- made from the password and argon2_salt
    argon2_salt     bytea,
    code            data.code_material,
    new_secret      bytea,                              -- sealed; its code was right
    new_key_number  integer,
    recovery_hashes data.sha256[]);

-- What a session may call: a built-in group, or a list; and how that is called.
create type data.session_rights as (
    permission_group data.permission_group,
    permissions      text[],
    permissions_name text);

create type data.fork_material as (
    token data.token_material);

-- One-row answers of procedures that refuse without undoing.
create type data.authorized_session as (
    user_email       text,
    result           text,
    is_authorized    boolean,
    "is_TFA_enabled" boolean);

create type data.changed_second_factor as (
    secret         data.revealed,
    otpauth_uri    data.revealed,
    user_email     text,
    auth_type      text,
    result         text,
    recovery_codes data.revealed);

-- A session as its owner and administrators see it.
create type data.listed_session as (
    request_id        bigint,
    user_email        text,
    session_name      text,
    ip_address        text,
    user_agent        text,
    created_at        timestamptz,
    last_activity     timestamptz,
    is_active         boolean,
    parent_request_id bigint,
    permissions_name  text,
    expiration_time   timestamptz);
