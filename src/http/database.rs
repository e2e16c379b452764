//! Failures of the database as problems.

use super::Problem;
use crate::database::Error;

impl From<Error> for Problem {
    /// The problem for the caller. The log has the details.
    fn from(error: Error) -> Problem {
        log::error!("{error}");
        if error.leaves_doubt() {
            return Problem::unavailable(
                "database-interrupted",
                "The database did not finish the request",
                "the change may or may not have been made; read the result before you retry, or send \
                 creations with an Idempotency-Key",
            );
        }
        if error.may_pass() {
            return Problem::unavailable(
                "database-unavailable",
                "The database is not available",
                "nothing was changed; retry later",
            );
        }
        Problem::internal()
    }
}
