//! What Redis answers.

use redis::Value;

/// An answer of Redis.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// There is nothing.
    Nil,
    /// A number, or a truth as 1 or 0.
    Int(i64),
    /// Bytes or text. `OK` is text, too, and so are numbers that are not whole.
    Bytes(Vec<u8>),
    /// Several answers.
    List(Vec<Self>),
    /// Several answers by key.
    Map(Vec<(Self, Self)>),
    /// An error in the middle of a list, by its code.
    Error(String),
}

impl Reply {
    /// Whether there is nothing.
    pub fn is_nil(&self) -> bool {
        *self == Self::Nil
    }

    /// The number, also if it is written as text.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bytes(_) => self.text()?.parse().ok(),
            _ => None,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The bytes, given away.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The bytes as text.
    pub fn text(&self) -> Option<&str> {
        self.bytes().and_then(|it| std::str::from_utf8(it).ok())
    }

    /// The answers of the list; of anything else, none.
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    /// The answers of the list, given away; of anything else, none.
    pub fn into_list(self) -> Vec<Self> {
        match self {
            Self::List(list) => list,
            _ => Vec::new(),
        }
    }

    /// The pairs of the map, or of a list in which each key is followed by its value.
    pub fn into_map(self) -> Vec<(Self, Self)> {
        match self {
            Self::Map(pairs) => pairs,
            Self::List(list) => {
                let mut list = list.into_iter();
                std::iter::from_fn(|| Some((list.next()?, list.next()?))).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        let list = |it: Vec<Value>| Self::List(it.into_iter().map(Self::from).collect());
        match value {
            Value::Int(number) => Self::Int(number),
            Value::Boolean(truth) => Self::Int(truth.into()),
            Value::BulkString(bytes) | Value::BigNumber(bytes) => Self::Bytes(bytes),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => {
                Self::Bytes(text.into_bytes())
            }
            Value::Okay => Self::Bytes(b"OK".to_vec()),
            Value::Double(number) => Self::Bytes(number.to_string().into_bytes()),
            Value::Array(values) | Value::Set(values) => list(values),
            Value::Push { data, .. } => list(data),
            Value::Map(pairs) => Self::Map(
                pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
            ),
            Value::Attribute { data, .. } => Self::from(*data),
            Value::ServerError(error) => Self::Error(error.code().to_owned()),
            _ => Self::Nil,
        }
    }
}
