//! Encryption between dq and a database server.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a connection is encrypted, and who is trusted.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// How much is asked of the server. Default: what the URL says with `sslmode`, and otherwise prefer.
    pub mode: Option<TlsMode>,
    /// A PEM file with the certificates of the authorities to trust, in place of those of the
    /// operating system. Default: none.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with the certificate that dq shows the server. Default: none.
    pub certificate_file: Option<PathBuf>,
    /// A PEM file with the private key of that certificate. Default: none.
    pub key_file: Option<PathBuf>,
}

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
