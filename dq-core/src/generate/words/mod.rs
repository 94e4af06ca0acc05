//! Plain lists of common facts from which rows are made.

pub(super) mod names;
pub(super) mod places;
pub(super) mod professions;
pub(super) mod workplaces;
