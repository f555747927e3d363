-- Beside millrace_log, which the server makes by itself: one database for each purpose.
create database millrace_ledger;
create database millrace_dagster;
