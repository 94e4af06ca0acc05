//! A line on standard error that tells how far a run is, for whoever waits at a terminal.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use dq_core::report::visible;
use dq_core::validate::{Progress, ProgressListener};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A run that is over sooner shows no progress.
const PATIENCE: Duration = Duration::from_millis(300);

const WITH_ESTIMATE: &str = "{msg}  {bar:30}  {human_pos} of about {human_len} rows  {rate}";
const WITHOUT_ESTIMATE: &str = "{msg}  {spinner}  {human_pos} rows  {rate}";

/// The line; it goes away when this is dropped.
pub(crate) struct ProgressLine(Option<ProgressBar>);

impl ProgressLine {
    /// A line, if it is wanted and standard error is a terminal.
    pub(crate) fn new(wanted: bool) -> Self {
        let shown = wanted && io::stderr().is_terminal();
        Self(shown.then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())))
    }

    /// The function through which the line hears of progress.
    pub(crate) fn listener(&self) -> Option<ProgressListener> {
        let bar = self.0.clone()?;
        Some(Arc::new(move |progress: &Progress| show(&bar, progress)))
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn show(bar: &ProgressBar, progress: &Progress) {
    if bar.is_finished() || bar.elapsed() < PATIENCE {
        return;
    }
    let table = visible(&progress.table);
    if bar.message() != table {
        bar.reset();
        bar.set_style(style(progress.rows_estimate.is_some()));
        bar.set_message(table.into_owned());
    }
    if let Some(estimate) = progress.rows_estimate {
        bar.set_length(estimate.max(progress.rows));
    }
    bar.set_position(progress.rows);
}

fn style(estimated: bool) -> ProgressStyle {
    let template = if estimated { WITH_ESTIMATE } else { WITHOUT_ESTIMATE };
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{} rows/s", HumanCount(state.per_sec() as u64));
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", rate).progress_chars("━╸ ")
}
