//! When a read that one server fails is worth another try.

use crate::database::server::is_unanswered;
use crate::error::{Error, ErrorKind};

/// Whether an error of one server may be none on another; of a replica, or of the primary.
pub(crate) fn is_better_elsewhere(error: &Error, is_replica: bool) -> bool {
    match error.kind() {
        // The latter: that the replay of the log needed what the read had.
        ErrorKind::Unavailable | ErrorKind::Busy => true,
        ErrorKind::Timeout => is_replica && is_unanswered(error),
        // A replica may have yet to hear of a privilege; and there is more that it must refuse.
        ErrorKind::PermissionDenied => is_replica,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::database::server::unanswered;

    use super::*;

    #[test]
    fn a_connection_that_nobody_answers_to_is_worth_another_server_and_a_slow_statement_is_not() {
        let unanswered = unanswered("postgres://127.0.0.1/x", Duration::from_secs(1));
        assert!(is_better_elsewhere(&unanswered, true));
        assert!(!is_better_elsewhere(&unanswered, false));
        let slow = Error::new(ErrorKind::Timeout, "the statement took too long");
        assert!(!is_better_elsewhere(&slow, true));
    }

    #[test]
    fn what_a_replica_must_refuse_is_asked_of_the_primary() {
        let refused = Error::new(ErrorKind::PermissionDenied, "permission denied");
        assert_eq!([true, false].map(|it| is_better_elsewhere(&refused, it)), [true, false]);
        let gone = Error::new(ErrorKind::Unavailable, "gone");
        assert_eq!([true, false].map(|it| is_better_elsewhere(&gone, it)), [true, true]);
        let wrong = Error::new(ErrorKind::QueryInvalid, "no such column");
        assert_eq!([true, false].map(|it| is_better_elsewhere(&wrong, it)), [false, false]);
    }
}
