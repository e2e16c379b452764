//! The program through its real doors: the binary itself, a real PostgreSQL, bytes on a socket.
//!
//! Each test has a database of its own on one private server, which ends with this process.

mod fakes;
mod harness;

mod backup_archive;
mod backup_catalog;
mod backup_cli;
mod backup_corruption;
mod backup_degraded;
mod backup_end_to_end;
mod backup_export;
mod backup_features;
mod backup_health;
mod backup_killed;
mod backup_on_azure;
mod backup_restore;
mod backup_restore_verbs;
mod backup_store_faults;
mod backup_timers;
mod blob;
mod clients;
mod database_copy;
mod database_entra;
mod database_faults;
mod database_pgbouncer;
mod database_tls;
mod handler;
mod health;
mod host;
mod host_faults;
mod idempotency;
mod items;
mod items_contention;
mod items_input;
mod items_listing;
mod ledger;
mod local;
mod logs;
mod memory;
mod migrations;
mod openapi;
mod package;
mod payload;
mod requests;
mod resends;
mod resource_manager;
mod restore_attacks;
mod restore_doc;
mod scale;
mod schedule_doc;
mod settings_doc;
mod shutdown;
mod timers;
