//! What one asks of any database server: how much encryption, how much isolation.

use serde::{Deserialize, Serialize};

/// How much encryption is asked of the server; `sslmode` in the URL.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TlsMode {
    /// None.
    Disable,
    /// Encryption where the server offers it; whoever stands between may say that it does not.
    Prefer,
    /// Encryption with whoever answers.
    Require,
    /// Encryption with a server whose certificate a trusted authority has signed.
    VerifyCa,
    /// As that, and the certificate names the host. The only mode that keeps everyone out.
    VerifyFull,
}

/// What a transaction sees of the changes of others.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IsolationLevel {
    /// Each statement sees what was committed when it began.
    ReadCommitted,
    /// All statements see what was committed when the first began.
    #[default]
    RepeatableRead,
    /// As if transactions ran one after the other.
    Serializable,
}

impl TlsMode {
    /// The mode of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}
