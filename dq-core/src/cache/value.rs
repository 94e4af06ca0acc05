//! What can be cached, and what a cache knows about a type that it holds without knowing it.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::footprint;
use crate::error::{Error, ErrorKind, Result};

/// A value of any type, as a cache holds it.
pub type AnyValue = Arc<dyn Any + Send + Sync>;

/// A type whose values can be cached: whatever serde can write and read back.
///
/// In memory values are kept as they are. For a shared store they are written by postcard, which does not
/// describe itself: types that serde can only read when it is told what comes (`#[serde(untagged)]`,
/// `#[serde(flatten)]`, `serde_json::Value`) are kept in memory only, and counted.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached",
    label = "cannot be cached",
    note = "what is cached must implement `serde::Serialize` and `serde::de::DeserializeOwned`; sensitive values do not, on purpose"
)]
pub trait Cacheable: Send + Sync + 'static {
    /// What a cache needs to know about the type.
    const CODEC: &'static Codec;
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Cacheable for T {
    const CODEC: &'static Codec = &Codec {
        type_id: TypeId::of::<T>,
        type_name: type_name::<T>,
        encode: encode::<T>,
        decode: decode::<T>,
        footprint: footprint::<T>,
    };
}

/// How values of one type are written, read and weighed. Made by [`Cacheable`] alone.
#[derive(Clone, Copy)]
pub struct Codec {
    type_id: fn() -> TypeId,
    type_name: fn() -> &'static str,
    encode: fn(&AnyValue) -> Result<Vec<u8>>,
    decode: fn(&[u8]) -> Result<AnyValue>,
    footprint: fn(&AnyValue) -> u64,
}

impl Codec {
    /// Returns the type.
    pub fn type_id(&self) -> TypeId {
        (self.type_id)()
    }

    /// Returns the name of the type, for messages.
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the type cannot be written, or `value` is of another.
    pub fn encode(&self, value: &AnyValue) -> Result<Vec<u8>> {
        (self.encode)(value)
    }

    /// Reads what `encode` wrote.
    ///
    /// # Errors
    ///
    /// `SourceInvalid` if it is not that.
    pub fn decode(&self, bytes: &[u8]) -> Result<AnyValue> {
        (self.decode)(bytes)
    }

    /// About how many bytes of memory a value takes.
    pub fn footprint(&self, value: &AnyValue) -> u64 {
        (self.footprint)(value)
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Codec({})", self.type_name())
    }
}

/// The answer to a lookup.
#[derive(Debug)]
pub enum Lookup<T: ?Sized = dyn Any + Send + Sync> {
    /// The value.
    Value(Arc<T>),
    /// It is known that there is none.
    Absent,
    /// The cache does not know.
    Miss,
}

impl<T: ?Sized> Clone for Lookup<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(value) => Self::Value(Arc::clone(value)),
            Self::Absent => Self::Absent,
            Self::Miss => Self::Miss,
        }
    }
}

impl<T: ?Sized> Lookup<T> {
    /// Returns the value, if there is one.
    pub fn value(self) -> Option<Arc<T>> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Miss => None,
        }
    }

    /// Whether the cache knew the answer.
    pub fn is_hit(&self) -> bool {
        !matches!(self, Self::Miss)
    }
}

impl Lookup {
    /// The value as one of type `T`; a miss if it is of another.
    pub(crate) fn downcast<T: Send + Sync + 'static>(self) -> Lookup<T> {
        match self {
            Self::Value(value) => value.downcast().map_or(Lookup::Miss, Lookup::Value),
            Self::Absent => Lookup::Absent,
            Self::Miss => Lookup::Miss,
        }
    }
}

fn encode<T: Serialize + 'static>(value: &AnyValue) -> Result<Vec<u8>> {
    let refused = || {
        let message = format!("cannot encode a value of type `{}`", type_name::<T>());
        Error::new(ErrorKind::Unsupported, message)
    };
    let value = value.downcast_ref::<T>().ok_or_else(refused)?;
    postcard::to_stdvec(value).map_err(|it| refused().with_source(it))
}

fn decode<T: DeserializeOwned + Send + Sync + 'static>(bytes: &[u8]) -> Result<AnyValue> {
    let refused = || {
        let message = format!("cannot decode a value of type `{}`", type_name::<T>());
        Error::new(ErrorKind::SourceInvalid, message)
    };
    match postcard::take_from_bytes::<T>(bytes) {
        Ok((value, [])) => Ok(Arc::new(value)),
        Ok(_) => Err(refused()),
        Err(error) => Err(refused().with_source(error)),
    }
}

fn footprint<T: Serialize + 'static>(value: &AnyValue) -> u64 {
    value.downcast_ref::<T>().map_or(0, footprint::of)
}
