//! The URL of a Redis server.

use crate::error::{Error, Result};
use crate::redis::settings::{Address, invalid};
use crate::secret::Secret;

/// What a URL says.
#[derive(Debug, Default)]
pub(crate) struct RedisUrl {
    pub(crate) address: Option<Address>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: u32,
    pub(crate) is_tls: bool,
}

impl RedisUrl {
    /// Reads `redis[s]://[user[:password]@]host[:port][/database]`. Errors do not repeat the URL,
    /// which may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text.split_once("://").ok_or_else(|| problem("has no scheme"))?;
        let is_tls = match scheme {
            "redis" => false,
            "rediss" => true,
            _ => return Err(problem("must begin with `redis://` or `rediss://`")),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains(['?', '#']) || authority.contains(['?', '#']) {
            return Err(problem("has parameters, but takes none"));
        }
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let has_port = place.rsplit_once(':').is_some_and(|it| !it.1.ends_with(']'));
        let place = if has_port { place.to_owned() } else { format!("{place}:6379") };
        let address =
            Address::parse(&place).ok_or_else(|| problem("has no valid host and port"))?;
        let database = match path {
            "" => 0,
            path => path.parse().map_err(|_| problem("has a database that is not a number"))?,
        };
        let (user, password) = login.map_or(Ok((None, None)), credentials)?;
        Ok(Self { address: Some(address), user, password, database, is_tls })
    }
}

/// `user`, `user:password` or `:password`, with percent-encoding.
fn credentials(login: &str) -> Result<(Option<String>, Option<Secret>)> {
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let given = |it: &str| match it {
        "" => Ok(None),
        it => {
            decode(it).map(Some).ok_or_else(|| problem("has a user or password with a broken `%`"))
        }
    };
    Ok((given(user)?, given(password)?.map(Secret::new)))
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn problem(what: &str) -> Error {
    invalid("url", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        let url = RedisUrl::parse("rediss://dq:p%40ss@cache.example:7000/3").expect("it is valid");
        assert_eq!(url.address.map(|it| it.to_string()).as_deref(), Some("cache.example:7000"));
        assert_eq!(url.user.as_deref(), Some("dq"));
        assert_eq!(url.password.map(|it| it.expose().to_owned()).as_deref(), Some("p@ss"));
        assert_eq!((url.database, url.is_tls), (3, true));
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let url = RedisUrl::parse("redis://[::1]").expect("it is valid");
        assert_eq!(url.address.map(|it| it.to_string()).as_deref(), Some("[::1]:6379"));
        assert!(url.user.is_none() && url.password.is_none() && url.database == 0 && !url.is_tls);
        let url = RedisUrl::parse("redis://:word@localhost/").expect("it is valid");
        assert!(url.user.is_none() && url.password.is_some());
    }

    #[test]
    fn problems_do_not_repeat_the_password() {
        for text in [
            "localhost:6379",
            "http://u:hunter2@localhost",
            "redis://u:hunter2@localhost:port",
            "redis://u:hunter2@localhost/one",
            "redis://u:hunter2%4@localhost",
            "redis://u:hunter2@localhost/0?protocol=2",
            "redis://u:hunter2@",
        ] {
            let error = RedisUrl::parse(text).expect_err(text);
            assert!(!error.message().contains("hunter2"), "{error}");
            assert!(error.message().contains("`redis.url`"), "{error}");
        }
    }
}
