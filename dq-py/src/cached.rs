//! What the cache keeps of a value of Python's: plain data, which no reader has to trust.

use dq_core::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde::{Deserialize, Serialize};

use crate::error;

/// How many levels of lists and dictionaries a value may have.
const DEPTH_MAX: usize = 64;

/// A value of Python's that can be written and read back by anyone. Unlike a pickle it holds no code.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum CachedValue {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    Tuple(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl CachedValue {
    pub(crate) fn from_python(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::nested(given, 0)
    }

    fn nested(given: &Bound<'_, PyAny>, depth: usize) -> PyResult<Self> {
        if depth > DEPTH_MAX {
            return Err(error::usage(given.py(), "cannot cache a value of more than 64 levels"));
        }
        let list = |items: Bound<'_, PyAny>| -> PyResult<Vec<Self>> {
            items.try_iter()?.map(|it| Self::nested(&it?, depth + 1)).collect()
        };
        Ok(if given.is_none() {
            Self::Null
        } else if let Ok(it) = given.cast_exact::<PyBool>() {
            Self::Boolean(it.is_true())
        } else if given.is_exact_instance_of::<PyInt>() {
            let too_large =
                |_| error::usage(given.py(), "cannot cache a whole number of more than 64 bits");
            Self::Integer(given.extract().map_err(too_large)?)
        } else if let Ok(it) = given.cast_exact::<PyFloat>() {
            Self::Float(it.value())
        } else if given.is_exact_instance_of::<PyString>() {
            Self::Text(given.extract()?)
        } else if let Ok(it) = given.cast_exact::<PyBytes>() {
            Self::Bytes(it.as_bytes().to_vec())
        } else if given.is_exact_instance_of::<PyList>() {
            Self::List(list(given.clone())?)
        } else if given.is_exact_instance_of::<PyTuple>() {
            Self::Tuple(list(given.clone())?)
        } else if let Ok(it) = given.cast_exact::<PyDict>() {
            Self::Map(fields(it, depth)?)
        } else {
            return Err(unusable(given));
        })
    }

    pub(crate) fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let all =
            |items: &[Self]| items.iter().map(|it| it.to_python(py)).collect::<PyResult<Vec<_>>>();
        Ok(match self {
            Self::Null => py.None().into_bound(py),
            Self::Boolean(it) => PyBool::new(py, *it).to_owned().into_any(),
            Self::Integer(it) => it.into_pyobject(py)?.into_any(),
            Self::Float(it) => PyFloat::new(py, *it).into_any(),
            Self::Text(it) => PyString::new(py, it).into_any(),
            Self::Bytes(it) => PyBytes::new(py, it).into_any(),
            Self::List(items) => PyList::new(py, all(items)?)?.into_any(),
            Self::Tuple(items) => PyTuple::new(py, all(items)?)?.into_any(),
            Self::Map(fields) => {
                let map = PyDict::new(py);
                for (name, value) in fields {
                    map.set_item(name, value.to_python(py)?)?;
                }
                map.into_any()
            }
        })
    }
}

fn fields(given: &Bound<'_, PyDict>, depth: usize) -> PyResult<Vec<(String, CachedValue)>> {
    let field = |(name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let name: String = name.extract().map_err(|_| unusable(&name))?;
        Ok((name, CachedValue::nested(&value, depth + 1)?))
    };
    given.iter().map(field).collect()
}

fn unusable(given: &Bound<'_, PyAny>) -> PyErr {
    let name = given.get_type().name().map_or_else(|_| String::new(), |it| it.to_string());
    let message = format!(
        "cannot cache a `{name}`: values are None, bool, int, float, str, bytes, and lists, tuples and \
         dictionaries of these with texts as keys"
    );
    error::to_python(given.py(), &Error::new(ErrorKind::UsageInvalid, message))
}
