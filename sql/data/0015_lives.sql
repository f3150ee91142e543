-- What keys go through while people come, forget and leave; and by what a lost keyring is noticed.

-- A member that is for the broker alone: passwords and codes. The broker takes it out before it calls.
create domain data.secret as text
    check (value is null);

alter table data.company
    add column activated_time timestamptz;              -- since when it is in use; until then its e-mail may be taken back

update data.company as company
set activated_time = (
    select min(person.activated_time)
    from data.company_user as person
    where person.company_id = company.company_id);

-- Who may take a company over: proved by its recovery code, whose digest of a digest is kept. Companies made earlier have none.
create table data.recovery (
    company_id   bigint primary key references data.company,
    verifier     data.sha256 not null,
    tries        integer not null default 0,            -- wrong codes so far; brakes stop who guesses, this shows it
    created_time timestamptz not null);

-- The keyring lies outside the database; this tells whether it is the one that the passwords here were set with.
create table data.instance_key (
    key_number    integer primary key,
    check_value   data.check_value not null,
    recorded_time timestamptz not null);

create type data.recovery_material as (
    verifier  data.sha256,               -- of a proof that only the recovery code gives
    grants    data.key_grant[],
    principal data.principal_material);

alter type data.company_material
    drop attribute recovery_grant,
    drop attribute recovery_principal,
    add attribute recovery data.recovery_material;

-- That somebody knows his own password: proof and the salt it was made with. Both null: he has shown none.
create type data.own_password_material as (
    argon2_salt bytea,
    proof       bytea);

-- A company taken over with its recovery code.
create type data.takeover_material as (
    email    data.email,
    proof    bytea,                      -- made from the code
    password data.password_material,     -- null: the code opens nothing
    recovery data.recovery_material);    -- of the code that comes after it

-- Keys for a user who is let in again, sealed to his key pair; empty when he lacks none, or his pair cannot be verified.
create type data.regrant_material as (
    user_uuid uuid,
    grants    data.key_grant[]);

create type data.changed_account as (
    user_email text,
    result     text);

create type data.recovered_company as (
    user_email    text,
    company_name  text,
    recovery_code data.revealed,
    result        text);

create type data.shown_recovery_code as (
    company_name  text,
    recovery_code data.revealed,
    result        text);
