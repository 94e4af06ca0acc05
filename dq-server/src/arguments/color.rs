//! When to use colours.

use clap::ValueEnum;

/// When to use colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal
    Auto,
    Always,
    Never,
}
