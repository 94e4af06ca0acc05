//! What is around a value in a shared store.
//!
//! ```text
//!   d 7 │ version │ flags │ plain:     checksum u32            │ body
//!                         │ encrypted: key id u32, nonce 24    │ sealed body, tag 16
//! ```
//!
//! The body is what the value's type wrote, or, if it was compressed, the length of that as u32 and a zstd
//! frame. Numbers are little-endian. The checksum and the tag cover the header and the whole cache key too, so
//! that a payload put under another key, or under another flag, is not accepted.
//!
//! Nothing in an envelope is executed, and nothing is allocated on its word beyond the largest payload.

mod encryption;
mod keyring;

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};

use crate::cache::key::{CacheKey, Scope, Tag};
use crate::error::{Error, ErrorKind, Result};

pub use encryption::EncryptionConfig;
pub use keyring::Keyring;

const MAGIC: [u8; 2] = [0xd7, 0x0a];
const VERSION: u8 = 1;
const ABSENT: u8 = 1;
const COMPRESSED: u8 = 2;
const ENCRYPTED: u8 = 4;
const HEADER_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const ZSTD_LEVEL: i32 = 1;

/// How payloads are written and read.
#[derive(Debug)]
pub(crate) struct Envelope {
    compress_above: u64,
    bytes_max: u64,
    /// Keys that were revoked are no longer in it.
    keyring: Option<RwLock<Keyring>>,
}

/// What a payload turned out to be.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Opened {
    Value(Vec<u8>),
    /// There is no value, and that is known.
    Absent,
    Corrupted,
    FutureVersion,
    WrongKey,
    /// Not encrypted where it must be.
    Plain,
}

impl Envelope {
    pub(crate) fn new(compress_above: u64, bytes_max: u64, keyring: Option<Keyring>) -> Self {
        Self { compress_above, bytes_max, keyring: keyring.map(RwLock::new) }
    }

    /// Puts a value, or that there is none, into an envelope for `key`.
    pub(crate) fn seal(&self, key: &CacheKey, value: Option<&[u8]>) -> Result<Vec<u8>> {
        let (flags, body) = match value {
            None => (ABSENT, Vec::new()),
            Some(value) => match self.compressed(value)? {
                Some(body) => (COMPRESSED, body),
                None => (0, value.to_vec()),
            },
        };
        if let Some(keyring) = self.keyring() {
            return encrypt(&keyring, key, flags | ENCRYPTED, &body);
        }
        let mut payload = header(flags).to_vec();
        payload.extend(checksum(key, flags, &body));
        payload.extend(body);
        Ok(payload)
    }

    /// Reads the envelope of `key`.
    pub(crate) fn open(&self, key: &CacheKey, payload: &[u8]) -> Opened {
        let Some(([a, b, version, flags], rest)) = payload.split_first_chunk::<HEADER_BYTES>()
        else {
            return Opened::Corrupted;
        };
        if [*a, *b] != MAGIC || *version == 0 {
            return Opened::Corrupted;
        }
        if *version > VERSION || *flags & !(ABSENT | COMPRESSED | ENCRYPTED) != 0 {
            return Opened::FutureVersion;
        }
        let body = match (flags & ENCRYPTED != 0, self.keyring()) {
            (true, Some(keyring)) => decrypt(&keyring, key, *flags, rest),
            (true, None) => Err(Opened::WrongKey),
            (false, Some(_)) => Err(Opened::Plain),
            (false, None) => checked(key, *flags, rest),
        };
        match body {
            Err(opened) => opened,
            Ok(_) if flags & ABSENT != 0 => Opened::Absent,
            Ok(body) if flags & COMPRESSED != 0 => {
                self.decompressed(&body).map_or(Opened::Corrupted, Opened::Value)
            }
            Ok(body) => Opened::Value(body),
        }
    }

    /// The tag that every payload has which is written now, if it is encrypted.
    pub(crate) fn tag(&self) -> Option<Tag> {
        let keyring = self.keyring()?;
        keyring.current().map(|(id, _)| Tag::of_encryption_key(id))
    }

    /// The tag of the key that a payload names, whatever its entry says.
    pub(crate) fn tag_of(&self, payload: &[u8]) -> Option<Tag> {
        self.keyring.as_ref()?;
        let ([.., flags], rest) = payload.split_first_chunk::<HEADER_BYTES>()?;
        let id = rest.first_chunk().filter(|_| flags & ENCRYPTED != 0)?;
        Some(Tag::of_encryption_key(u32::from_le_bytes(*id)))
    }

    /// Destroys the keys that `scopes` revoke.
    pub(crate) fn revoke(&self, scopes: &[Scope]) {
        let Some(keyring) = &self.keyring else { return };
        if self.keyring().is_some_and(|it| it.is_touched_by(scopes)) {
            keyring.write().unwrap_or_else(PoisonError::into_inner).revoke(scopes);
        }
    }

    fn keyring(&self) -> Option<RwLockReadGuard<'_, Keyring>> {
        let keyring = self.keyring.as_ref()?;
        Some(keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The compressed body, if the value is long enough and compression saves a tenth.
    fn compressed(&self, value: &[u8]) -> Result<Option<Vec<u8>>> {
        let Ok(length) = u32::try_from(value.len()) else {
            let message = "cannot cache a value of 4 GiB or more in a shared store";
            return Err(Error::new(ErrorKind::LimitExceeded, message));
        };
        if u64::from(length) <= self.compress_above {
            return Ok(None);
        }
        let frame = zstd::bulk::compress(value, ZSTD_LEVEL)
            .map_err(|it| Error::from_io("compress", "a value for the cache", it))?;
        let body: Vec<u8> = length.to_le_bytes().into_iter().chain(frame).collect();
        Ok((body.len() as u64 * 10 <= u64::from(length) * 9).then_some(body))
    }

    fn decompressed(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (length, frame) = body.split_first_chunk()?;
        let length = u32::from_le_bytes(*length);
        // What compresses to less than the largest payload may be longer, but not without bound.
        if u64::from(length) > self.bytes_max.saturating_mul(32) {
            return None;
        }
        let value = zstd::bulk::decompress(frame, length as usize).ok()?;
        (value.len() == length as usize).then_some(value)
    }
}

fn header(flags: u8) -> [u8; HEADER_BYTES] {
    let [a, b] = MAGIC;
    [a, b, VERSION, flags]
}

/// What a payload is bound to beside its body.
fn bound_to(key: &CacheKey, flags: u8) -> Vec<u8> {
    let mut bound = header(flags).to_vec();
    bound.extend(key.to_string().into_bytes());
    bound
}

/// Four bytes that tell damage, not malice.
fn checksum(key: &CacheKey, flags: u8, body: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bound_to(key, flags));
    hasher.update(body);
    hasher.finalize().to_le_bytes()
}

fn checked(key: &CacheKey, flags: u8, rest: &[u8]) -> std::result::Result<Vec<u8>, Opened> {
    let (sum, body) = rest.split_first_chunk().ok_or(Opened::Corrupted)?;
    if *sum == checksum(key, flags, body) { Ok(body.to_vec()) } else { Err(Opened::Corrupted) }
}

fn encrypt(keyring: &Keyring, key: &CacheKey, flags: u8, body: &[u8]) -> Result<Vec<u8>> {
    let (id, secret) = keyring.current().ok_or_else(|| {
        Error::new(ErrorKind::PermissionDenied, "the key of the cache that writes was revoked")
    })?;
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|it| {
        Error::new(ErrorKind::Unavailable, format!("cannot get random numbers: {it}"))
    })?;
    let mut bound = bound_to(key, flags);
    bound.extend(id.to_le_bytes());
    let sealed = cipher(secret)
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: body, aad: &bound })
        .map_err(|_| {
            Error::new(ErrorKind::LimitExceeded, "cannot encrypt a value for the cache")
        })?;
    let mut payload = header(flags).to_vec();
    payload.extend(id.to_le_bytes());
    payload.extend(nonce);
    payload.extend(sealed);
    Ok(payload)
}

fn decrypt(
    keyring: &Keyring,
    key: &CacheKey,
    flags: u8,
    rest: &[u8],
) -> std::result::Result<Vec<u8>, Opened> {
    let (id, rest) = rest.split_first_chunk().ok_or(Opened::Corrupted)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Opened::Corrupted)?;
    let secret = keyring.find(u32::from_le_bytes(*id)).ok_or(Opened::WrongKey)?;
    let mut bound = bound_to(key, flags);
    bound.extend(id);
    // A wrong key and a damaged payload cannot be told apart.
    cipher(secret)
        .decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &bound })
        .map_err(|_| Opened::WrongKey)
}

fn cipher(secret: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(Key::from_slice(secret))
}
