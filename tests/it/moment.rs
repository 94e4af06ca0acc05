//! moment
