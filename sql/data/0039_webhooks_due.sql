-- Messages to endpoints that are due, found one by one however many wait, and those that somebody is sending.

drop index data.webhook_delivery_due;
create index webhook_delivery_due on data.webhook_delivery (company_id, webhook_id, next_time, delivery_id)
    where status = 'PENDING';
create index webhook_delivery_leased on data.webhook_delivery (company_id, webhook_id, lease_until)
    where status = 'PENDING' and lease_until is not null;
