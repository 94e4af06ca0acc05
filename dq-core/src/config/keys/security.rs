//! `security`: who may see what.

use crate::config::key::Key;
use crate::config::kind::Kind;

pub(crate) const KEYS: &[Key] = &[Key::new(
    "security.ssl_mode",
    Kind::Word(&["disable", "prefer", "require", "verify-ca", "verify-full"]),
    "How connections to database servers are encrypted and their certificates verified; without a value as the URL says, or else `prefer`.",
)
.read_by_config()];
