//! Messages and heartbeats: the program, a database, and receivers that the tests control.

mod attacks;
mod delivery;
mod events;
mod heartbeats;
mod messages;
mod stage;
mod verbs;

use stage::ids;
