//! The value of a parameter, in the form that the server expects for its type.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgTypeKind};
use sqlx::{Encode, Postgres, Type, TypeInfo};

use crate::database::postgres::numeric;
use crate::value::{Date, OwnedValue, Timestamp};

/// Days from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// The oid of `text`.
const TEXT: u32 = 25;

/// A value as it is sent, with its type.
#[derive(Clone)]
pub(crate) struct Bound {
    type_info: PgTypeInfo,
    /// `None` for NULL.
    bytes: Option<Vec<u8>>,
}

impl Bound {
    /// `value` for a parameter of the type `type_info`.
    ///
    /// # Errors
    ///
    /// In words without the value, if it does not fit.
    pub(crate) fn new(value: &OwnedValue, type_info: &PgTypeInfo) -> Result<Self, String> {
        let name = type_info.name();
        let bytes = match encode(value, type_info) {
            Encoded::Null => None,
            Encoded::Bytes(bytes) => Some(bytes),
            Encoded::Unfit => {
                return Err(format!("the value of a parameter is no value of the type `{name}`"));
            }
            Encoded::UnknownType => {
                return Err(format!(
                    "a parameter has the type `{name}`: write `CAST(CAST(? AS TEXT) AS {name})`"
                ));
            }
        };
        Ok(Self { type_info: type_info.clone(), bytes })
    }
}

impl Type<Postgres> for Bound {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(TEXT))
    }
}

impl Encode<'_, Postgres> for Bound {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = &self.bytes else { return Ok(IsNull::Yes) };
        buffer.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.type_info.clone())
    }
}

enum Encoded {
    Null,
    Bytes(Vec<u8>),
    Unfit,
    UnknownType,
}

fn encode(value: &OwnedValue, type_info: &PgTypeInfo) -> Encoded {
    if *value == OwnedValue::Null {
        return Encoded::Null;
    }
    match type_info.kind() {
        PgTypeKind::Domain(base) => encode(value, base),
        PgTypeKind::Enum(_) => text(value).map_or(Encoded::Unfit, Encoded::Bytes),
        _ if type_info.name().eq_ignore_ascii_case("citext") => encode_as(value, TEXT),
        _ => encode_as(value, type_info.oid().map_or(0, |it| it.0)),
    }
}

/// A value in the form of a type of the system's own.
fn encode_as(value: &OwnedValue, type_oid: u32) -> Encoded {
    let bytes = match type_oid {
        16 => boolean(value).map(|it| vec![u8::from(it)]),
        17 => bytes(value),
        20 => integer(value).map(|it| it.to_be_bytes().to_vec()),
        21 => sized::<i16>(value).map(|it| it.to_be_bytes().to_vec()),
        23 => sized::<i32>(value).map(|it| it.to_be_bytes().to_vec()),
        26 => sized::<u32>(value).map(|it| it.to_be_bytes().to_vec()),
        700 => float(value).map(|it| (it as f32).to_be_bytes().to_vec()),
        701 => float(value).map(|it| it.to_be_bytes().to_vec()),
        1082 => day(value),
        1114 | 1184 => point(value),
        1700 => text(value).and_then(|it| numeric::from_text(std::str::from_utf8(&it).ok()?)),
        2950 => uuid(value),
        3802 => text(value).map(|it| [&[1], it.as_slice()].concat()),
        19 | TEXT | 114 | 705 | 1042 | 1043 => text(value),
        _ => return Encoded::UnknownType,
    };
    bytes.map_or(Encoded::Unfit, Encoded::Bytes)
}

fn boolean(value: &OwnedValue) -> Option<bool> {
    match value {
        OwnedValue::Boolean(it) => Some(*it),
        OwnedValue::Integer(0) => Some(false),
        OwnedValue::Integer(1) => Some(true),
        OwnedValue::Text(it) => it.parse().ok(),
        _ => None,
    }
}

fn bytes(value: &OwnedValue) -> Option<Vec<u8>> {
    match value {
        OwnedValue::Bytes(it) => Some(it.clone()),
        _ => None,
    }
}

fn integer(value: &OwnedValue) -> Option<i64> {
    match value {
        OwnedValue::Integer(it) => Some(*it),
        OwnedValue::Boolean(it) => Some(i64::from(*it)),
        OwnedValue::Text(it) => it.parse().ok(),
        _ => None,
    }
}

fn sized<T: TryFrom<i64>>(value: &OwnedValue) -> Option<T> {
    integer(value).and_then(|it| T::try_from(it).ok())
}

fn float(value: &OwnedValue) -> Option<f64> {
    match value {
        OwnedValue::Float(it) => Some(*it),
        OwnedValue::Integer(it) => Some(*it as f64),
        OwnedValue::Text(it) => it.parse().ok(),
        _ => None,
    }
}

fn day(value: &OwnedValue) -> Option<Vec<u8>> {
    let day = match value {
        OwnedValue::Date(it) => *it,
        OwnedValue::Text(it) => Date::parse(it.as_bytes())?,
        _ => return None,
    };
    let days = day.days().checked_sub(EPOCH_DAYS)?;
    Some(days.to_be_bytes().to_vec())
}

fn point(value: &OwnedValue) -> Option<Vec<u8>> {
    let point = match value {
        OwnedValue::Timestamp(it) => *it,
        OwnedValue::Date(it) => it.midnight(),
        OwnedValue::Text(it) => Timestamp::parse(it.as_bytes())?,
        _ => return None,
    };
    let micros = point.micros().checked_sub(EPOCH_MICROS)?;
    Some(micros.to_be_bytes().to_vec())
}

/// Text, or what a value is as text. PostgreSQL stores no NUL.
fn text(value: &OwnedValue) -> Option<Vec<u8>> {
    let text = match value {
        OwnedValue::Text(it) => it.clone(),
        OwnedValue::Integer(it) => it.to_string(),
        OwnedValue::Float(it) => it.to_string(),
        OwnedValue::Boolean(it) => it.to_string(),
        OwnedValue::Date(it) => it.to_string(),
        OwnedValue::Timestamp(it) => it.to_string(),
        OwnedValue::Null | OwnedValue::Bytes(_) => return None,
    };
    (!text.contains('\0')).then(|| text.into_bytes())
}

fn uuid(value: &OwnedValue) -> Option<Vec<u8>> {
    let OwnedValue::Text(text) = value else { return None };
    let digits: Vec<u8> = text.bytes().filter(|it| *it != b'-').collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != 16 || !rest.is_empty() {
        return None;
    }
    let byte = |it: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok();
    pairs.iter().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: impl Into<OwnedValue>, type_oid: u32) -> Option<Vec<u8>> {
        match encode_as(&value.into(), type_oid) {
            Encoded::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    #[test]
    fn values_take_the_form_of_their_parameter() {
        assert_eq!(sent(7, 21), Some(vec![0, 7]));
        assert_eq!(sent("7", 23), Some(vec![0, 0, 0, 7]));
        assert_eq!(sent(true, 20), Some(vec![0, 0, 0, 0, 0, 0, 0, 1]));
        assert_eq!(sent(7, 25), Some(b"7".to_vec()));
        assert_eq!(sent("2000-01-02", 1082), Some(vec![0, 0, 0, 1]));
        assert_eq!(sent("{}", 3802), Some(b"\x01{}".to_vec()));
        assert_eq!(sent("00112233-4455-6677-8899-AABBCCDDEEFF", 2950).map(|it| it[15]), Some(255));
    }

    #[test]
    fn values_that_do_not_fit_are_refused_and_not_shown() {
        let number = <i32 as Type<Postgres>>::type_info();
        let text = <str as Type<Postgres>>::type_info();
        for (value, type_info) in [("canary", number), ("can\0ary", text)] {
            let error = Bound::new(&value.into(), &type_info).err().unwrap();
            assert!(!error.contains("can"), "{error}");
        }
        assert_eq!(sent("canary", 1082), None);
        assert_eq!(sent("canary", 2950), None);
        assert_eq!(sent(70_000, 21), None);
        assert_eq!(sent(vec![1_u8], 25), None);
    }
}
