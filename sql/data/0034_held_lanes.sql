-- What is held back is found by its lane, as what stands in line is: one index instead of four.

drop index data.queue_item_held;
drop index data.queue_item_held_back;
drop index data.queue_item_held_pool;
