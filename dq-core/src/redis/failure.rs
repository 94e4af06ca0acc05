//! What can go wrong with a command, sorted by what to do about it.

use std::io;

use redis::{RedisError, ServerError};
use tokio_rustls::rustls;

use crate::error::{Error, ErrorKind};
use crate::redis::settings::Address;

/// Why a command has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The slot is at another node now.
    Moved(Address),
    /// The key is at another node already, the rest of its slot not yet.
    Ask(Address),
    /// The server cannot answer for the moment.
    Later(Error),
    /// The server is no master any more.
    Demoted(Error),
    /// There is no connection, so the command was not sent.
    Unreachable(Error),
    /// The connection broke. Nobody knows whether the command ran.
    Lost(Error),
    /// The server does not know the script.
    NoScript,
    /// The server or this side refuses.
    Refused(Error),
}

impl Failure {
    /// Sorts an error that the server at `address` answered to the command `name`.
    pub(crate) fn of_server(error: &ServerError, address: &Address, name: &str) -> Self {
        let code = error.code();
        let details = error.details().unwrap_or_default();
        let new = |kind, problem: &str| Error::new(kind, format!("redis at `{address}` {problem}"));
        match code {
            "MOVED" | "ASK" => match (code, redirection(details, address)) {
                ("MOVED", Some(target)) => Self::Moved(target),
                (_, Some(target)) => Self::Ask(target),
                _ => Self::Later(new(ErrorKind::Unavailable, "knows no node for the key")),
            },
            "TRYAGAIN" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" => {
                Self::Later(new(ErrorKind::Unavailable, &format!("is not ready: `{code}`")))
            }
            "READONLY" => Self::Demoted(new(ErrorKind::Unavailable, "is a replica")),
            "NOSCRIPT" => Self::NoScript,
            "WRONGPASS" => {
                let problem = "refuses the user or the password";
                Self::Refused(new(ErrorKind::PermissionDenied, problem))
            }
            "NOAUTH" => Self::Refused(new(ErrorKind::PermissionDenied, "asks for a password")),
            "ERR" if details.starts_with("AUTH") || details.contains("password is set") => {
                let problem = "has no password, but one is given";
                Self::Refused(new(ErrorKind::PermissionDenied, problem))
            }
            "NOPERM" => {
                let problem = format!("does not permit `{name}` to this user");
                Self::Refused(new(ErrorKind::PermissionDenied, &problem))
            }
            "BUSY" => Self::Later(new(ErrorKind::Busy, "is busy with a script")),
            "OOM" => {
                let problem =
                    format!("has no memory left for `{name}`: its `maxmemory` is reached");
                Self::Refused(new(ErrorKind::LimitExceeded, &problem))
            }
            // What else a server says may repeat arguments.
            _ => {
                let problem = format!("cannot run `{name}`: `{code}`");
                Self::Refused(new(ErrorKind::QueryInvalid, &problem))
            }
        }
    }

    /// Sorts an error of the connection to the server at `address`.
    pub(crate) fn of_client(error: &RedisError, address: &Address) -> Self {
        // The error of rustls is inside, but only its text can be reached.
        if let Some((_, alert)) = error.to_string().split_once("received fatal alert: ") {
            return Self::Refused(alerted(alert, address));
        }
        let problem = match error.kind() {
            redis::ErrorKind::RESP3NotSupported => {
                let message = format!("redis at `{address}` is older than version 6");
                return Self::Refused(Error::new(ErrorKind::Unsupported, message));
            }
            redis::ErrorKind::Parse => "does not speak the protocol of redis",
            redis::ErrorKind::Io => "closed the connection",
            _ => "gave no answer",
        };
        Self::Lost(Error::new(ErrorKind::Unavailable, format!("redis at `{address}` {problem}")))
    }

    /// The error that it is for a caller.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Moved(address) | Self::Ask(address) => {
                let message = format!("redis sends the command on to `{address}` again and again");
                Error::new(ErrorKind::Unavailable, message)
            }
            Self::NoScript => Error::new(ErrorKind::Unavailable, "redis has forgotten a script"),
            Self::Later(error)
            | Self::Demoted(error)
            | Self::Unreachable(error)
            | Self::Lost(error)
            | Self::Refused(error) => error,
        }
    }
}

/// The address in `slot host:port`; without a host, it is the one that was asked.
fn redirection(details: &str, asked: &Address) -> Option<Address> {
    let target = details.split_ascii_whitespace().nth(1)?;
    match target.strip_prefix(':') {
        Some(port) => Some(Address { host: asked.host.clone(), port: port.parse().ok()? }),
        None => Address::parse(target),
    }
}

/// The server at `address` cannot be reached.
pub(crate) fn unreachable(address: &Address, source: io::Error) -> Error {
    let message = format!("cannot reach redis at `{address}`: {source}");
    Error::new(ErrorKind::Unavailable, message).with_source(source)
}

/// The TLS handshake with the server at `address` failed.
pub(crate) fn handshake_failed(address: &Address, source: io::Error) -> Error {
    match tls_failure(&source, address) {
        Some(failure) => failure,
        None => unreachable(address, source),
    }
}

/// What rustls says of a failed handshake, if it says anything.
fn tls_failure(source: &io::Error, address: &Address) -> Option<Error> {
    let reason = source.get_ref()?.downcast_ref::<rustls::Error>()?;
    let (kind, problem) = match reason {
        rustls::Error::InvalidCertificate(reason) => {
            let problem = format!("shows a certificate that is not trusted: {reason}");
            (ErrorKind::ConfigInvalid, format!("{problem} (see `redis.tls`)"))
        }
        rustls::Error::AlertReceived(alert) => {
            return Some(alerted(&format!("{alert:?}"), address));
        }
        rustls::Error::InvalidMessage(_) => {
            (ErrorKind::ConfigInvalid, "does not speak TLS (see `redis.tls`)".to_owned())
        }
        other => (ErrorKind::Unavailable, format!("cannot be spoken to with TLS: {other}")),
    };
    Some(Error::new(kind, format!("redis at `{address}` {problem}")))
}

/// The server at `address` broke off the TLS connection, and said why: with TLS 1.3, only after the
/// handshake.
fn alerted(alert: &str, address: &Address) -> Error {
    let problem = format!("redis at `{address}` refuses the TLS connection: `{alert}`");
    let message = format!("{problem} (see `redis.tls.certificate_file`)");
    Error::new(ErrorKind::PermissionDenied, message)
}
