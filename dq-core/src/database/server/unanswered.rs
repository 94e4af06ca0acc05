//! Connections that are not made, since nobody answers.

use std::error;
use std::fmt;
use std::time::Duration;

use crate::error::{Error, ErrorKind};

/// The cause of an error that a server did not answer to who wanted to connect. It may answer to others: those
/// who come while it starts again may wait where nobody will look.
#[derive(Clone, Copy, Debug)]
struct Unanswered;

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server accepted the connection at most, and said nothing")
    }
}

impl error::Error for Unanswered {}

/// That the server called `name` was waited for so long.
pub(crate) fn unanswered(name: &str, waited: Duration) -> Error {
    let millis = waited.as_millis();
    let message = format!("cannot connect to `{name}`: no answer within {millis} ms");
    Error::new(ErrorKind::Timeout, message).with_source(Unanswered)
}

/// Whether an error says that no connection was made, since nobody answered.
#[cfg(feature = "postgres")]
pub(crate) fn is_unanswered(error: &Error) -> bool {
    error::Error::source(error).is_some_and(<dyn error::Error>::is::<Unanswered>)
}
