//! Parts that the caller wrote in Python: databases and caches. Rust calls them on threads that may block.

mod cache;
mod call;
mod database;

pub(crate) use cache::PythonCache;
pub(crate) use call::CallHandle;
pub(crate) use database::PythonDatabase;
