//! The cache: values of Python's kept in memory, and in a Redis that processes share.

use std::sync::Arc;

use dq_core::cache::{
    CacheKey, CacheManager, CacheManagerExt, CacheOptions, Cacheable, Lookup, MemoryCache,
    MemoryConfig, Namespace, Reach, Stored, Tag,
};
use dq_core::clock::{Clock, SystemClock};
use dq_core::engine;
use dq_core::{Error, ErrorKind, Result};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;

use crate::cached::CachedValue;
use crate::config::ConfigHandle;
use crate::database::{nothing, object};
use crate::error;
use crate::own::PythonCache;
use crate::runtime::{self, Held};
use crate::source::from_json;
use crate::validate::json;
use crate::work::Work;

/// The version of the form of what is cached: see [`CachedValue`].
const VERSION: u32 = 1;

/// A cache.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct CacheHandle {
    held: Held<Arc<dyn CacheManager>>,
    namespace: Namespace,
}

impl CacheHandle {
    fn new(py: Python<'_>, cache: Arc<dyn CacheManager>, namespace: &str) -> PyResult<Self> {
        let namespace = Namespace::new(namespace).map_err(|it| error::to_python(py, &it))?;
        Ok(Self { held: Held::new("a cache", cache, runtime::handle(py)?), namespace })
    }

    pub(crate) fn get_manager(&self, py: Python<'_>) -> PyResult<Arc<dyn CacheManager>> {
        self.held.get(py).map(Arc::clone)
    }

    fn key(&self, given: &Bound<'_, PyAny>) -> PyResult<CacheKey> {
        if let Ok(text) = given.extract::<&str>() {
            return Ok(CacheKey::new(&self.namespace, VERSION, [text]));
        }
        let Ok(parts) = given.cast::<PyTuple>() else {
            let name = given.get_type().name()?.to_string();
            let message = format!("a key is a text or a tuple of texts, and not a `{name}`");
            return Err(error::usage(given.py(), message));
        };
        let parts: Vec<String> = parts.extract()?;
        Ok(CacheKey::new(&self.namespace, VERSION, parts))
    }
}

#[pymethods]
impl CacheHandle {
    /// A cache in memory, within a bound of bytes.
    #[staticmethod]
    fn memory(py: Python<'_>, namespace: &str, bytes_max: Option<u64>) -> PyResult<Self> {
        let defaults = MemoryConfig::default();
        let bytes_max = bytes_max.unwrap_or(defaults.bytes_max);
        let value_bytes_max = defaults.value_bytes_max.min(bytes_max);
        let config = MemoryConfig { bytes_max, value_bytes_max };
        let cache = MemoryCache::new(&config, Arc::new(SystemClock));
        Self::new(py, Arc::new(cache.map_err(|it| error::to_python(py, &it))?), namespace)
    }

    /// A cache whose store is written in Python; `manager` calls its methods.
    #[staticmethod]
    fn of_python(py: Python<'_>, namespace: &str, manager: Py<PyAny>) -> PyResult<Self> {
        let flights = MemoryCache::new(&MemoryConfig::default(), Arc::new(SystemClock));
        let flights = flights.map_err(|it| error::to_python(py, &it))?;
        Self::new(py, Arc::new(PythonCache::new(manager, flights)), namespace)
    }

    /// The cache that a configuration asks for.
    #[staticmethod]
    fn configured(py: Python<'_>, namespace: &str, config: &ConfigHandle) -> PyResult<Self> {
        let handle = runtime::handle(py)?;
        let _entered = handle.enter();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let cache =
            engine::open_cache(&config.config, &clock).map_err(|it| error::to_python(py, &it))?;
        match cache {
            Some(cache) => Self::new(py, cache, namespace),
            None => Self::memory(py, namespace, None),
        }
    }

    /// Looks a key up: a tuple of the value, none if there is no value, or the work that finds out.
    fn get(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let (cache, key) = (self.held.get(py)?, self.key(key)?);
        if let Lookup::Value(value) = cache.get_local::<CachedValue>(&key) {
            return value.to_python(py).and_then(|it| (it,).into_py_any(py));
        }
        let cache = Arc::clone(cache);
        let running = async move { Ok(cache.get::<CachedValue>(&key).await.value()) };
        let work = Work::start(py, running, |py, found| match found {
            Some(value) => value.to_python(py).and_then(|it| (it,).into_py_any(py)),
            None => Ok(py.None()),
        })?;
        Ok(Py::new(py, work)?.into_any())
    }

    /// Looks a key up in memory: a tuple of the value; none if there is none, or if it is time to renew it.
    fn local(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        let (cache, key) = (self.held.get(py)?, self.key(key)?);
        let hit = cache.lookup(&key, CachedValue::CODEC).filter(|it| !it.due);
        let value = hit.and_then(|it| it.value?.downcast::<CachedValue>().ok());
        value.map(|it| (it.to_python(py)?,).into_py_any(py)).transpose()
    }

    /// Stores a value; gives whether it is kept.
    fn set(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        options: &CacheOptionsHandle,
    ) -> PyResult<Work> {
        let (cache, key) = (self.get_manager(py)?, self.key(key)?);
        let (value, options) = (CachedValue::from_python(value)?, options.options.clone());
        let running = async move {
            let stored = cache.set(&key, value, &options).await;
            Ok(matches!(stored, Stored::Everywhere | Stored::Here))
        };
        Work::start(py, running, object)
    }

    /// Looks a key up, and else has `compute` start what gives its value: it is called from some thread
    /// with a [`Reply`]. Once for all who ask meanwhile.
    fn get_or_compute(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        compute: Py<PyAny>,
        options: &CacheOptionsHandle,
    ) -> PyResult<Work> {
        let (cache, key, options) =
            (self.get_manager(py)?, self.key(key)?, options.options.clone());
        let running = async move { cache.get_or_compute(&key, &options, || asked(compute)).await };
        Work::start(py, running, |py, value: Arc<CachedValue>| {
            value.to_python(py).map(Bound::unbind)
        })
    }

    /// Forgets the value of a key; gives whether every node has been told.
    fn delete(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Work> {
        let (cache, key) = (self.get_manager(py)?, self.key(key)?);
        Work::start(py, async move { Ok(is_everywhere(cache.delete(&key).await)) }, object)
    }

    /// Forgets all values with a tag.
    fn invalidate_tag(&self, py: Python<'_>, name: String) -> PyResult<Work> {
        let (cache, tag) = (self.get_manager(py)?, tag(&self.namespace, &name));
        Work::start(py, async move { Ok(is_everywhere(cache.invalidate_tag(tag).await)) }, object)
    }

    /// Forgets all values of this namespace.
    fn clear(&self, py: Python<'_>) -> PyResult<Work> {
        let (cache, namespace) = (self.get_manager(py)?, self.namespace.clone());
        let running =
            async move { Ok(is_everywhere(cache.invalidate_namespace(&namespace).await)) };
        Work::start(py, running, object)
    }

    /// Counts since the cache was made, as JSON.
    fn statistics(&self, py: Python<'_>) -> PyResult<String> {
        json(&self.held.get(py)?.statistics()).map_err(|it| error::to_python(py, &it))
    }

    /// Ends the tasks of the cache, and forgets everything.
    fn close(&self, py: Python<'_>) -> PyResult<Work> {
        let cache = self.get_manager(py)?;
        let running = async move {
            cache.close().await;
            Ok(())
        };
        Work::start(py, running, nothing)
    }
}

/// How one kind of values is cached; made once, lent to each call.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct CacheOptionsHandle {
    options: CacheOptions,
}

#[pymethods]
impl CacheOptionsHandle {
    #[new]
    fn new(
        py: Python<'_>,
        cache: &CacheHandle,
        options: &str,
        tags: Vec<String>,
    ) -> PyResult<Self> {
        let mut options: CacheOptions = from_json(py, "how a value is cached", options)?;
        options.tags = tags.iter().map(|it| tag(&cache.namespace, it)).collect();
        Ok(Self { options })
    }
}

fn tag(namespace: &Namespace, name: &str) -> Tag {
    Tag::new([namespace.as_str(), name])
}

fn is_everywhere(reach: Reach) -> bool {
    reach == Reach::Everywhere
}

/// Where a value that Python computes is handed in. Dropped without one, the computation has failed.
#[pyclass(frozen, module = "dq._dq")]
#[derive(Debug)]
pub(crate) struct Reply(std::sync::Mutex<Option<oneshot::Sender<Result<CachedValue>>>>);

#[pymethods]
impl Reply {
    /// Hands the value in.
    fn give(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = CachedValue::from_python(value)?;
        self.send(Ok(value));
        Ok(())
    }

    /// Hands in the exception that kept the value from being computed.
    fn fail(&self, py: Python<'_>, exception: Bound<'_, PyAny>) {
        self.send(Err(error::raised(
            py,
            "the function that computes a value",
            PyErr::from_value(exception),
        )));
    }
}

impl Reply {
    fn send(&self, result: Result<CachedValue>) {
        let sender = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        // Nobody waits any more, which is their affair.
        drop(sender.map(|it| it.send(result)));
    }
}

async fn asked(compute: Py<PyAny>) -> Result<CachedValue> {
    let (sender, receiver) = oneshot::channel();
    let reply = Reply(std::sync::Mutex::new(Some(sender)));
    let started = tokio::task::spawn_blocking(move || {
        runtime::with_python(|py| {
            compute
                .call1(py, (reply,))
                .map(drop)
                .map_err(|it| error::raised(py, "the function that computes a value", it))
        })
    });
    started.await.map_err(error::lost)?.unwrap_or_else(|| Err(error::closing()))?;
    receiver.await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Cancelled, "the computation of a value was given up"))
    })
}
