//! A restore under way: what each of its steps needs.

use super::options::Options;
use super::progress::Progress;
use super::source::Backup;
use crate::database::Server;

/// The backup, the server that it goes to, the choices, and how far it has come.
pub(super) struct Job<'a, C> {
    pub(super) backup: &'a Backup<'a, C>,
    pub(super) server: &'a Server,
    pub(super) options: &'a Options,
    pub(super) progress: &'a Progress,
}
