//! Every query through the routes of a whole harness: real log, engine and views, no socket, no sleeps.

mod carers;
mod contacts;
mod contract;
mod described;
mod edges;
mod freshness;
mod gate;
mod harness;
mod journey;
mod keys;
mod log;
mod messages;
mod openapi;
mod paging;
mod prescriptions;
mod registrations;
mod search;
mod symptom_checks;
mod vaccinations;
mod waiting;
