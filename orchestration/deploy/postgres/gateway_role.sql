-- In the database of the event log, after `millrace upgrade` ran as its owner. A gateway that runs
-- as this role appends and reads; what was stored it can neither change nor remove. Erasing and
-- archiving are the owner's. Give it a password by `\password millrace_gateway`.
create role millrace_gateway login;
revoke create on schema public from public;
grant usage on schema public to millrace_gateway;
grant select, insert on events to millrace_gateway;
grant select, insert, update on counters to millrace_gateway;
grant select on log_version to millrace_gateway;
grant select on api_keys to millrace_gateway;
grant select, insert, update, delete on api_requests to millrace_gateway;
