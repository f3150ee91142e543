create or replace function queue.vault_set(p_item data.queue_item, p_vault_type text, p_vault_id bigint)
returns data.item_vault[]
language plpgsql stable set search_path = ''
as $$
-- One vault of an item as a set of one row; without content when there is none.
declare
    v_stored data.vault_record;
begin
    select stored.*
    into v_stored
    from data.vault_record as stored
    where stored.company_id = p_item.company_id
      and stored.vault_record_id = p_vault_id;
    return array[row(p_vault_type, v_stored.version, data.vault_of(v_stored), v_stored.vault_record_id is not null)::data.item_vault];
end;
$$;
