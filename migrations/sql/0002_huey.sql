-- Huey's own tables, as huey.storage.PostgresStorage declares them (a test compares), so that no serving role needs to create any.
-- They hold bells, never work: the relay alone rings and hears them.
create table huey_kv (queue text not null, key text not null, value bytea not null, primary key (queue, key));
create table huey_schedule (id bigserial primary key, queue text not null, data bytea not null, timestamp double precision not null);
create index huey_schedule_queue_timestamp on huey_schedule (queue, timestamp);
create table huey_task (id bigserial primary key, queue text not null, data bytea not null, priority double precision not null default 0.0);
create index huey_task_queue_priority_id on huey_task (queue, priority desc, id);
create table huey_counter (queue text not null, key text not null, value bigint not null default 0, primary key (queue, key));
grant select, insert, update, delete on huey_kv, huey_schedule, huey_task, huey_counter to fitpro_relay;
grant usage on sequence huey_schedule_id_seq, huey_task_id_seq to fitpro_relay;
grant select on huey_kv, huey_schedule, huey_task, huey_counter to fitpro_backup;
grant select on sequence huey_schedule_id_seq, huey_task_id_seq to fitpro_backup;
