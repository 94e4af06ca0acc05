//! A sensitive value cannot be cached.

use dq_core::cache::{Cacheable, Sensitive};

fn cached<T: Cacheable>() {}

fn main() {
    cached::<Sensitive<String>>();
}
