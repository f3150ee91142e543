-- A thing's history is read from its newest row back to where the days end that are shown, and no further; a name is looked up
-- among rows that can answer.

drop index data.audit_entity;
create index audit_entity on data.audit (company_id, entity_uuid, audit_time desc, audit_id desc) where entity_uuid is not null;

drop index data.audit_name;
create index audit_name on data.audit (company_id, lower(entity), lower(entity_name), audit_id desc)
where entity_uuid is not null;
