-- taskIds, found and kept unique without an index that begins with the company.
--
-- Plans are made once, and the start of (company_id, task_id) looked as good as the primary key, or better where a call names
-- many items: as long as nobody had analysed the table, each of a hundred completions read every item of the company. The sum
-- is the company all the same, and no condition on the column alone finds it.

create unique index queue_item_task_id on data.queue_item (task_id, (company_id + 0));
alter table data.queue_item drop constraint queue_item_company_id_task_id_key;
