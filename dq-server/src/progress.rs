//! A line on standard error that tells how far a run is, for whoever waits at a terminal.

use std::fmt;
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
        Self(shown.then(ProgressBar::hidden))
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
    let shown = bar.message();
    if bar.is_finished() || shown.is_empty() && bar.elapsed() < PATIENCE {
        return;
    }
    let table = visible(&progress.table);
    if shown != table {
        bar.set_style(style(progress.rows_estimate.is_some()));
        if !shown.is_empty() {
            bar.reset_elapsed();
        }
        bar.set_message(table.into_owned());
    }
    bar.update(|state| {
        state.set_len(progress.rows_estimate.unwrap_or_default().max(progress.rows));
        state.set_pos(progress.rows);
    });
    if bar.is_hidden() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
}

fn style(has_estimate: bool) -> ProgressStyle {
    let template = if has_estimate { WITH_ESTIMATE } else { WITHOUT_ESTIMATE };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", write_rate).progress_chars("━╸ ")
}

/// The rows per second since the table began.
fn write_rate(state: &ProgressState, out: &mut dyn fmt::Write) {
    let rate = state.pos() as f64 / state.elapsed().as_secs_f64();
    let _ = write!(out, "{} rows/s", HumanCount(rate as u64));
}
