-- Brakes know nothing of who is whose: what is counted beside account and network is the domain of an e-mail, not its company.

alter table data.brake drop constraint brake_subject_kind_check;
delete from data.brake where subject_kind = 'company';
alter table data.brake add constraint brake_subject_kind_check check (subject_kind in ('account', 'address', 'domain'));
