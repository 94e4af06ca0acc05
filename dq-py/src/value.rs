//! Single values: a cell as an object of Python, and a parameter the other way.

use dq_core::value::{Date, OwnedValue, Timestamp, Value};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyBytes, PyDate, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyString, PyType,
};

use crate::error;

/// Types that are no part of the language.
static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static UUID: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// How many levels of wrapping a scalar of a library may have; numpy's have one.
const WRAPPED_MAX: usize = 2;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A cell as an object. Days and points in time beyond Python's years 1 to 9999 are text.
pub(crate) fn to_python<'py>(py: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Boolean(it) => PyBool::new(py, it).to_owned().into_any(),
        Value::Integer(it) => it.into_pyobject(py)?.into_any(),
        Value::Float(it) => PyFloat::new(py, it).into_any(),
        Value::Date(it) => match date(py, it) {
            Ok(date) => date.into_any(),
            Err(_) => PyString::new(py, &value.to_string()).into_any(),
        },
        Value::Timestamp(it) => match timestamp(py, it) {
            Ok(moment) => moment.into_any(),
            Err(_) => PyString::new(py, &value.to_string()).into_any(),
        },
        Value::Text(it) => PyString::new(py, &String::from_utf8_lossy(it)).into_any(),
        Value::Bytes(it) => PyBytes::new(py, it).into_any(),
    })
}

fn date(py: Python<'_>, date: Date) -> PyResult<Bound<'_, PyDate>> {
    let (year, month, day) = date.civil();
    PyDate::new(py, year, month as u8, day as u8)
}

fn timestamp(py: Python<'_>, moment: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    let micros = moment.micros();
    let (seconds, micros) =
        (micros.div_euclid(MICROS_PER_SECOND), micros.rem_euclid(MICROS_PER_SECOND));
    let (days, seconds) =
        (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
    let epoch = PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, None)?;
    let days = i32::try_from(days)?;
    epoch.add(PyDelta::new(py, days, seconds as i32, micros as i32, true)?)
}

/// A parameter of a statement.
///
/// `None`, `bool`, `int` of 64 bits, `float`, `str`, `bytes`, `date` and `datetime` (with a time zone: the
/// moment in UTC) are what they are; `Decimal` and `UUID` become text; scalars of numpy and pandas are
/// unwrapped.
pub(crate) fn from_python(value: &Bound<'_, PyAny>) -> PyResult<OwnedValue> {
    let mut value = value.clone();
    for _ in 0..WRAPPED_MAX {
        if let Some(known) = known(&value)? {
            return Ok(known);
        }
        if !value.hasattr("item")? {
            break;
        }
        value = value.call_method0("item")?;
    }
    let name = value.get_type().name()?.to_string();
    Err(error::usage(value.py(), format!("cannot use a `{name}` as a value of a statement")))
}

fn known(value: &Bound<'_, PyAny>) -> PyResult<Option<OwnedValue>> {
    let py = value.py();
    let known = if value.is_none() {
        OwnedValue::Null
    } else if let Ok(it) = value.cast::<PyBool>() {
        OwnedValue::Boolean(it.is_true())
    } else if value.is_instance_of::<PyInt>() {
        let too_large = |_| error::usage(py, "cannot use a whole number of more than 64 bits");
        OwnedValue::Integer(value.extract().map_err(too_large)?)
    } else if let Ok(it) = value.cast::<PyFloat>() {
        OwnedValue::Float(it.value())
    } else if value.is_instance_of::<PyString>() {
        OwnedValue::Text(value.extract()?)
    } else if value.is_instance_of::<PyBytes>() {
        OwnedValue::Bytes(value.extract()?)
    } else if value.is_instance_of::<PyDateTime>() {
        moment(value)?
    } else if value.is_instance_of::<PyDate>() {
        let text: String = value.call_method0("isoformat")?.extract()?;
        Date::parse(text.as_bytes()).map_or(OwnedValue::Text(text), OwnedValue::Date)
    } else if is_text_at_heart(value)? {
        OwnedValue::Text(value.str()?.extract()?)
    } else {
        return Ok(None);
    };
    Ok(Some(known))
}

fn moment(value: &Bound<'_, PyAny>) -> PyResult<OwnedValue> {
    let py = value.py();
    let mut value = value.clone();
    if !value.getattr("tzinfo")?.is_none() {
        let utc = py.import("datetime")?.getattr("timezone")?.getattr("utc")?;
        value = value.call_method1("astimezone", (utc,))?;
        let naive = PyDict::new(py);
        naive.set_item("tzinfo", py.None())?;
        value = value.call_method("replace", (), Some(&naive))?;
    }
    let text: String = value.call_method1("isoformat", (" ",))?.extract()?;
    let moment = Timestamp::parse(text.as_bytes());
    Ok(moment.map_or(OwnedValue::Text(text), OwnedValue::Timestamp))
}

fn is_text_at_heart(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = value.py();
    Ok(value.is_instance(DECIMAL.import(py, "decimal", "Decimal")?)?
        || value.is_instance(UUID.import(py, "uuid", "UUID")?)?)
}
