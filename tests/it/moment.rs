//! Moment.
