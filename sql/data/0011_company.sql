-- What calls on companies as a whole bring and answer.

-- A JSON object, also as text that holds one.
create domain data.document as jsonb
    check (jsonb_typeof(value) = 'object');

create type data.vault_update as (
    credential      uuid,                -- of the entity, as GetCompanyVaults shows it
    version         integer,             -- that was read
    vault_content   data.vault,
    decrypted_vault data.vault);         -- the same, by the name that GetCompanyVaults gives it

-- For the last contact of a bridge, whose session may be a user's.
create index token_target_bridge on data.token (company_id, target_bridge_id) where target_bridge_id is not null;
