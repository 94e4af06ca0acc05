//! Literals and the names of types. An error is the message to report.

use sqlparser::ast;
use sqlparser::ast::{DataType, ExactNumberInfo, TimezoneInfo};

use crate::rules::expression::datum::Datum;
use crate::rules::expression::syntax::Type;
use crate::value::{Date, Number, Timestamp};

/// NULL, a boolean, a number, or text between single quotes.
pub(super) fn plain(literal: &ast::Value) -> Result<Datum<'static>, String> {
    match literal {
        ast::Value::Null => Ok(Datum::Null),
        ast::Value::Boolean(it) => Ok(Datum::Boolean(*it)),
        ast::Value::SingleQuotedString(it) => Ok(Datum::text(it.as_str())),
        ast::Value::Number(it, _) => match Number::parse(it.as_bytes()) {
            Some(number) => Ok(Datum::Number(number)),
            None => Err(format!("`{it}` is no number")),
        },
        ast::Value::Placeholder(it) => {
            Err(format!("`{it}`: an expression takes no query parameters"))
        }
        _ => Err(format!("the literal `{literal}` is not part of the expression language")),
    }
}

/// A literal with its type before it, such as `DATE '2020-12-31'`.
pub(super) fn typed(literal: &ast::TypedString) -> Result<Datum<'static>, String> {
    let ast::Value::SingleQuotedString(text) = &literal.value.value else {
        return Err("a date is written `DATE '2020-12-31'`".to_owned());
    };
    let datum = match literal.data_type {
        DataType::Date => Date::parse(text.as_bytes()).map(Datum::Date),
        DataType::Timestamp(None, _) | DataType::Datetime(None) => {
            Timestamp::parse(text.as_bytes()).map(Datum::Timestamp)
        }
        _ => return Err(format!("literals of the type `{}` are not known", literal.data_type)),
    };
    datum.ok_or_else(|| format!("`{text}` is no {}", literal.data_type.to_string().to_lowercase()))
}

/// What CAST is to make.
pub(super) fn data_type(data_type: &DataType) -> Result<Type, String> {
    use DataType::{
        BigInt, Bool, Boolean, Char, Character, Date, Datetime, Dec, Decimal, Double,
        DoublePrecision, Float, Int, Integer, Numeric, Real, SmallInt, Text, Timestamp, Varchar,
    };
    match data_type {
        Int(None) | Integer(None) | BigInt(None) | SmallInt(None) => Ok(Type::Integer),
        Float(_)
        | Double(_)
        | DoublePrecision
        | Real
        | Decimal(ExactNumberInfo::None)
        | Dec(ExactNumberInfo::None)
        | Numeric(ExactNumberInfo::None) => Ok(Type::Float),
        Text | Varchar(None) | Char(None) | Character(None) => Ok(Type::Text),
        Date => Ok(Type::Date),
        Timestamp(None, TimezoneInfo::None) | Datetime(None) => Ok(Type::Timestamp),
        Bool | Boolean => Ok(Type::Boolean),
        _ => Err(format!(
            "`CAST` makes integer, float, decimal, text, date, timestamp or boolean, not `{data_type}`"
        )),
    }
}
