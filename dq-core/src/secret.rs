//! Values that must not be printed: passwords, tokens, keys, URLs that hold them.
//!
//! A [`Secret`] shows itself as `[redacted]` wherever values are printed or serialised, so that it may stand in
//! a struct that derives `Debug` and `Serialize`. Its bytes are overwritten when it is dropped.
//!
//! ```
//! use dq_core::secret::{Secret, redacted_url};
//!
//! let password = Secret::new("hunter2");
//! assert_eq!(format!("{password} {password:?}"), "[redacted] Secret([redacted])");
//! assert_eq!(password.expose(), "hunter2");
//!
//! let url = redacted_url("redis://app:hunter2@cache:6379/0");
//! assert_eq!(url, "redis://app:[redacted]@cache:6379/0");
//! ```

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// What is shown instead of a secret.
pub const REDACTED: &str = "[redacted]";

/// No password, token or private key is longer than this.
const FILE_SIZE_MAX_BYTES: u64 = 64 << 10;

/// Words in the name of a URL's parameter whose value is a secret.
const SECRET_PARAMETERS: [&str; 6] = ["pass", "pwd", "secret", "token", "key", "sig"];

/// A text that never prints itself and is overwritten in memory when it is dropped. Default: empty.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text, without copying it where it is a `String`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Reads the secret in the file at `path`: its text without the newline at its end.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` if the file cannot be read, is empty, is not UTF-8, or is larger than 64 KiB.
    pub fn read(path: &Path) -> Result<Self> {
        let fail = |reason: &dyn fmt::Display| {
            let message = format!("cannot read the secret in `{}`: {reason}", path.display());
            Error::new(ErrorKind::ConfigInvalid, message)
        };
        let size_max = FILE_SIZE_MAX_BYTES + 1;
        // Made as large as it may get, so that no copy is left behind when it grows.
        let mut bytes = Zeroizing::new(Vec::with_capacity(size_max as usize + 1));
        let opened = File::open(path);
        let read = opened.and_then(|it| it.take(size_max).read_to_end(&mut bytes));
        read.map_err(|error| fail(&error).with_source(error))?;
        if bytes.len() as u64 > FILE_SIZE_MAX_BYTES {
            return Err(fail(&"it is larger than 64 KiB"));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| fail(&"it is not UTF-8"))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(fail(&"it is empty"));
        }
        Ok(Self::new(text))
    }

    /// The text itself, for whoever must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key of 32 bytes that the text is, as 64 hexadecimal digits or in base64; none if it is not one.
    pub fn to_key(&self) -> Option<Zeroizing<[u8; 32]>> {
        let text = self.expose();
        match text.len() {
            64 => decoded(text, 4, |it| (it as char).to_digit(16)),
            _ => decoded(text.strip_suffix('=').unwrap_or(text), 6, base64_digit),
        }
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({REDACTED})")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl Visitor<'_> for TextVisitor {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }

            fn visit_string<E>(self, text: String) -> Result<Secret, E> {
                Ok(Secret::new(text))
            }
        }

        deserializer.deserialize_string(TextVisitor)
    }
}

/// The bytes of digits of so many bits each, if they are 32.
fn decoded(
    digits: &str,
    digit_bits: u32,
    value: impl Fn(u8) -> Option<u32>,
) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    let mut places = key.iter_mut();
    let (mut bits, mut count) = (0, 0);
    for digit in digits.bytes() {
        bits = (bits << digit_bits) | value(digit)?;
        count += digit_bits;
        if count >= u8::BITS {
            count -= u8::BITS;
            *places.next()? = (bits >> count) as u8;
            bits &= (1 << count) - 1;
        }
    }
    let is_whole = places.next().is_none() && bits == 0 && count < digit_bits;
    is_whole.then_some(key)
}

/// Both alphabets are understood.
fn base64_digit(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(value.into())
}

/// A URL as it may be shown: without its password, and without the values of parameters whose names say
/// that they are secret. A text that is no URL, but has something before an `@`, shows only what follows.
pub fn redacted_url(url: &str) -> String {
    // A password may hold an unescaped `?` too.
    let (base, query) = match url.split_once('?') {
        Some((base, query)) if !query.contains('@') => (base, Some(query)),
        _ => (url, None),
    };
    let mut shown = redacted_authority(base);
    if let Some(query) = query {
        let parameters: Vec<_> = query.split('&').map(redacted_parameter).collect();
        shown.push('?');
        shown.push_str(&parameters.join("&"));
    }
    shown
}

/// Says that the query of `url` has a parameter that nobody knows, unless what looks like a query may be a part of
/// a password.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn unknown_parameter(url: &str, name: &str) -> String {
    match url.split_once('?') {
        Some((_, query)) if query.contains('@') => {
            "`url` has an `@` behind a `?`: in a password, write `%3F` for `?`".to_owned()
        }
        _ => format!("`url` has an unknown parameter `{name}`"),
    }
}

fn redacted_authority(base: &str) -> String {
    let (scheme, rest) = base.split_once("://").map_or(("", base), |(scheme, rest)| (scheme, rest));
    // A password may hold an unescaped `/` or `@`: the last `@` ends it.
    let Some((user, host)) = rest.rsplit_once('@') else { return base.to_owned() };
    let separator = if scheme.is_empty() { "" } else { "://" };
    let name = match user.split_once(':') {
        Some((name, _)) => format!("{name}:"),
        // What stands alone before the host may be a token.
        None => String::new(),
    };
    format!("{scheme}{separator}{name}{REDACTED}@{host}")
}

fn redacted_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if SECRET_PARAMETERS.iter().any(|it| name.to_lowercase().contains(it)) => {
            format!("{name}={REDACTED}")
        }
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_but_never_written() {
        let secret: Secret = serde_json::from_str(r#""hunter\u0032""#).unwrap();
        assert_eq!(secret.expose(), "hunter2");
        let shown = serde_json::to_string(&(Some(&secret), [&secret])).unwrap();
        assert_eq!(shown, r#"["[redacted]",["[redacted]"]]"#);
        let shown = format!("{secret} {secret:?} {:#?} {:10}", Some(&secret), secret);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(serde_json::from_str::<Secret>("7").is_err());
    }

    #[test]
    fn a_key_is_written_in_hexadecimal_digits_or_in_base64() {
        let key: [u8; 32] = std::array::from_fn(|it| (it * 37 + 3) as u8);
        let digits = "03284d7297bce1062b50759abfe4092e53789dc2e70c31567ba0c5ea0f34597e";
        for text in [digits, &digits.to_uppercase(), "AyhNcpe84QYrUHWav+QJLlN4ncLnDDFWe6DF6g80WX4="]
        {
            let decoded = Secret::new(text).to_key();
            assert_eq!(decoded.as_deref(), Some(&key), "{text}");
        }
        let all = [0xff; 32];
        for text in [
            "__________________________________________8",
            "//////////////////////////////////////////8=",
        ] {
            assert_eq!(Secret::new(text).to_key().as_deref(), Some(&all), "{text}");
        }
        let (too_long, loose_end) = ("A".repeat(44), format!("{}B", "A".repeat(42)));
        for text in ["", "canary", digits.trim_start_matches('0'), "=", &too_long, &loose_end] {
            assert!(Secret::new(text).to_key().is_none(), "{text}");
        }
    }

    #[test]
    fn a_file_gives_its_text_without_the_last_newline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (text, expected) in
            [("a b\n", "a b"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("ä", "ä")]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Secret::read(&path).unwrap().expose(), expected);
        }
    }

    #[test]
    fn a_file_without_a_secret_is_an_error_that_names_the_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for bytes in [vec![], b"\n".to_vec(), b"can\xffary".to_vec(), vec![b'x'; (64 << 10) + 1]] {
            std::fs::write(&path, bytes).unwrap();
            let error = Secret::read(&path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
            assert!(error.message().contains(&path.display().to_string()), "{error}");
            assert!(!error.message().contains("ary"), "{error}");
        }
        for path in [folder.path(), &folder.path().join("none")] {
            assert_eq!(Secret::read(path).unwrap_err().kind(), ErrorKind::ConfigInvalid);
        }
    }

    #[test]
    fn urls_are_shown_without_what_is_secret_in_them() {
        for (url, shown) in [
            ("sqlite:providers.db", "sqlite:providers.db"),
            ("redis://cache:6379/0", "redis://cache:6379/0"),
            ("redis://:canary@cache", "redis://:[redacted]@cache"),
            ("postgres://u:can@ar/y@h:1/d?x=1", "postgres://u:[redacted]@h:1/d?x=1"),
            ("redis://canary@cache", "redis://[redacted]@cache"),
            ("redis://u:can?a=r@y?b@cache", "redis://u:[redacted]@cache"),
            ("u:canary@host", "u:[redacted]@host"),
            (
                "x://h/p?sslPassword=canary&a=1&access_token=canary",
                "x://h/p?sslPassword=[redacted]&a=1&access_token=[redacted]",
            ),
        ] {
            assert_eq!(redacted_url(url), shown);
        }
    }
}
