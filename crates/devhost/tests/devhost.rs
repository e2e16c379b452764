//! The host with a real handler (`examples/handler.rs`) and bytes on a socket.

#[path = "devhost/cors.rs"]
mod cors;
#[path = "devhost/crashes.rs"]
mod crashes;
#[path = "devhost/files.rs"]
mod files;
#[path = "devhost/program.rs"]
mod program;
#[path = "devhost/proxying.rs"]
mod proxying;
#[path = "devhost/routing.rs"]
mod routing;
#[path = "devhost/stage.rs"]
mod stage;
#[path = "devhost/timers.rs"]
mod timers;
