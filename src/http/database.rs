//! What a caller is told of the database.

use super::Problem;
use crate::database::Error;

/// What the caller is told when the database did not do it; the log has the rest.
pub fn database_problem(error: &Error) -> Problem {
    log::error!("{error}");
    if error.leaves_doubt() {
        return Problem::unavailable(
            "database-interrupted",
            "The database did not finish this",
            "a change may or may not have been made; read before trying again, or send creations \
             with an Idempotency-Key",
        );
    }
    if error.may_pass() {
        return Problem::unavailable(
            "database-unavailable",
            "The database is not available",
            "nothing was changed; try again in a moment",
        );
    }
    Problem::internal()
}
