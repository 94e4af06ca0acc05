//! `dq validate`: checks a source against rules and reports what was found.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dq_core::clock::{Clock, SystemClock, within};
use dq_core::database::{DatabaseManager, Node, NodeRole, NodeState};
use dq_core::executor::Call;
use dq_core::report::{self, ReportFormat};
use dq_core::rules::RuleSet;
use dq_core::source::{Cancellation, Source};
#[cfg(not(feature = "redis"))]
use dq_core::validate::validate;
use dq_core::validate::{Report, RunStatistics, ValidateOptions};
use dq_core::{Error, ErrorKind, Result};
use tokio::task::block_in_place;

use crate::arguments::{FailOn, OutputArguments, ValidateArguments};
use crate::failing_rows::FailingRows;
use crate::output;
use crate::progress::ProgressLine;
#[cfg(feature = "redis")]
use crate::verdicts::{Verdicts, judge};

/// The exit code of a run that found violations.
const VIOLATIONS: u8 = 1;

/// How long a run whose time is over may take to stop by itself.
const GRACE: Duration = Duration::from_millis(100);

/// What the run is called where calls are counted.
const CALL: &str = "validate";

/// How long a server is asked to end what it does for a run that was cut short.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How long servers with a part of the rows are asked for a sign of life when a run was cut short.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// The exit code of a run in which a check could not run.
const INCOMPLETE: u8 = 3;

pub(crate) async fn run(arguments: &ValidateArguments, stop: Cancellation) -> Result<u8> {
    let files = formats(&arguments.output)?;
    let rules = block_in_place(|| arguments.rules.read())?;
    block_in_place(|| keep_apart(&files, &rules, arguments))?;
    let baseline = block_in_place(|| arguments.run.baseline(&rules))?;
    let source = block_in_place(|| arguments.source.open_by_kind(&arguments.reading))?;
    let config = block_in_place(|| arguments.reading.config())?;
    let progress = ProgressLine::new(!arguments.output.no_progress && !arguments.output.quiet);
    let mut options = options(arguments, &progress, stop);
    let violations = arguments.output.violations.as_deref();
    let rows = block_in_place(|| FailingRows::open(violations, &files, &options.temp_dir))?;
    options.violations = rows.listener();
    let timeout = arguments.run.timeout;
    // One run, for as long as it may take.
    let call = Call { deadline: Some(timeout.unwrap_or(Duration::MAX)), ..Call::named(CALL) };
    let limits = config.as_ref().map(|it| it.executor.clone()).unwrap_or_default();
    let database = source.database();
    let gated = source.within(limits, Arc::clone(&options.clock), call)?;
    let source: Arc<dyn Source> = Arc::new(gated.clone());
    #[cfg(not(feature = "redis"))]
    let run = validate(&*source, &rules, &options);
    #[cfg(feature = "redis")]
    let verdicts = {
        let data = arguments.source.data(&arguments.reading);
        Verdicts::open(&arguments.cache, config, &options, data)?
            .filter(|it| baseline.is_none() || it.keeps_samples())
    };
    #[cfg(feature = "redis")]
    let run = judge(verdicts.as_ref(), &source, &rules, (&options, arguments.output.quiet));
    let begun = SystemClock.now();
    let run = in_time(timeout, &*source, run).await;
    let is_over = |it: &Duration| SystemClock.now().saturating_duration_since(begun) >= *it;
    let run = run.map_err(|it| overdue(it, timeout.filter(is_over), &*source));
    let run = match (run, &database) {
        (Err(error), Some(database)) => Err(silence_told(error, &**database).await),
        (run, _) => run,
    };
    if let (Err(_), Some(database)) = (&run, database) {
        // What the server still does for the run is ended before the program is.
        within(&SystemClock, LAST_WORDS, database.close()).await;
    }
    let mut report = run?;
    drop(progress);
    if let Some(baseline) = baseline {
        baseline.apply(&mut report, &rules);
    }
    if arguments.output.stats {
        let statistics = RunStatistics::of(&report, &gated.gate().statistics(), CALL);
        #[cfg(feature = "redis")]
        let cache = verdicts.as_ref().map(Verdicts::cache_use);
        #[cfg(not(feature = "redis"))]
        let cache = None;
        report.statistics = Some(RunStatistics { cache, ..statistics });
    }
    let delivered = block_in_place(|| deliver(&report, &rows, &files, &arguments.output));
    Ok(delivered.max(verdict(&report, arguments.run.fail_on)))
}

/// What `run` gives, unless it reads on when its time has been over for a moment: it may wait for a pipe
/// that stays silent, of which nothing can be asked.
async fn in_time(
    timeout: Option<Duration>,
    source: &dyn Source,
    run: impl Future<Output = Result<Report>>,
) -> Result<Report> {
    let Some(timeout) = timeout else { return run.await };
    let over = || time_is_over(source, timeout, ", and it does not stop by itself");
    within(&SystemClock, timeout + GRACE, run).await.ok_or_else(over)?
}

/// An error of a run whose time is over: a connection that is lost with it is no reason of its own.
fn overdue(error: Error, over: Option<Duration>, source: &dyn Source) -> Error {
    match over {
        Some(timeout) if error.kind() == ErrorKind::Unavailable => {
            time_is_over(source, timeout, "").with_source(error)
        }
        _ => error,
    }
}

fn time_is_over(source: &dyn Source, timeout: Duration, besides: &str) -> Error {
    let (source, millis) = (source.name(), timeout.as_millis());
    let reason = format!("the {millis} ms allowed are over{besides}");
    Error::new(ErrorKind::Timeout, format!("cannot scan `{source}`: {reason}"))
}

/// An error that says, if time was over, which of the servers with a part of the rows do not answer: the one that was
/// asked for all of them only waits.
async fn silence_told(error: Error, database: &dyn DatabaseManager) -> Error {
    if error.kind() != ErrorKind::Timeout {
        return error;
    }
    let asked = database.nodes_within(SIGN_OF_LIFE);
    let Some(Ok(nodes)) = within(&SystemClock, SIGN_OF_LIFE * 3, asked).await else { return error };
    let is_silent = |it: &&Node| it.role == NodeRole::Shard && it.state == NodeState::Unreachable;
    let silent = nodes.iter().filter(is_silent).map(|it| {
        let why = it.error.as_deref().map(|it| format!(" ({it})")).unwrap_or_default();
        format!("; the shard `{}` does not answer{why}", it.name)
    });
    let silent: String = silent.collect();
    Error::new(ErrorKind::Timeout, format!("{}{silent}", error.message()))
}

/// The files of the report with their formats; known before the run, lest it was in vain.
fn formats(output: &OutputArguments) -> Result<Vec<(&Path, ReportFormat)>> {
    output.files.iter().map(|path| Ok((path.as_path(), ReportFormat::of_path(path)?))).collect()
}

/// Makes sure that no report overwrites what the run reads, or another report.
fn keep_apart(
    files: &[(&Path, ReportFormat)],
    rules: &RuleSet,
    arguments: &ValidateArguments,
) -> Result<()> {
    let invalid = |message| Err(Error::new(ErrorKind::UsageInvalid, message));
    let violations = arguments.output.violations.as_deref();
    let written: Vec<_> = files.iter().map(|it| it.0).chain(violations).collect();
    let own = arguments.rules.file().map(|it| ("rule set", it.to_owned()));
    let lists = rules.files().map(|it| ("list of values", it.to_owned()));
    let baseline = arguments.run.baseline.iter().map(|it| ("baseline", it.clone()));
    let sources = arguments.source.files().map(|it| ("source", it));
    let config = arguments.reading.config_file().map(|it| ("configuration", it));
    for (what, input) in sources.chain(own).chain(lists).chain(baseline).chain(config) {
        // What has no real path does not exist yet, and cannot be overwritten.
        let Ok(input) = input.canonicalize() else { continue };
        if let Some(file) = written.iter().find(|it| it.canonicalize().is_ok_and(|it| it == input))
        {
            return invalid(format!("the report `{}` would overwrite the {what}", file.display()));
        }
    }
    let mut places = HashSet::new();
    match written.iter().find(|it| !is_device(it) && !places.insert(place(it))) {
        None => Ok(()),
        Some(file) => invalid(format!("two reports would be written to `{}`", file.display())),
    }
}

fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| !it.is_file())
}

/// Where a file is or will be.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

fn options(
    arguments: &ValidateArguments,
    progress: &ProgressLine,
    stop: Cancellation,
) -> ValidateOptions {
    let defaults = ValidateOptions::default();
    ValidateOptions {
        engine: arguments.run.engine.into(),
        threads: arguments.run.threads(),
        sample_limit: arguments.output.sample_limit,
        show_values: arguments.output.show_values,
        as_of: arguments.run.as_of,
        memory_bytes_max: arguments.run.memory,
        temp_dir: arguments.run.temp_dir.clone().unwrap_or(defaults.temp_dir),
        cancellation: stop,
        progress: progress.listener(),
        ..defaults
    }
}

/// Gives the report to everyone who waits for it, and the exit code of the worst that happened. Who
/// cannot be reached keeps nobody else waiting.
fn deliver(
    report: &Report,
    rows: &FailingRows,
    files: &[(&Path, ReportFormat)],
    output: &OutputArguments,
) -> u8 {
    let whole = std::iter::once_with(|| rows.finish());
    let written = files.iter().map(|(path, format)| rows.write(report, *format, path));
    let printed = std::iter::once_with(|| print(report, output));
    written.chain(printed).chain(whole).filter_map(Result::err).fold(0, |worst, error| {
        output::complain(&error);
        worst.max(error.kind().exit_code())
    })
}

fn print(report: &Report, output: &OutputArguments) -> Result<()> {
    if output.quiet {
        return Ok(());
    }
    output::print(|out| match output.format {
        ReportFormat::Text => report::render_text(report, output::stdout_style(output.color), out),
        format => report::render(report, format, out),
    })
}

/// What the report means to a pipeline. A check that could not run might have failed.
fn verdict(report: &Report, fail_on: FailOn) -> u8 {
    if report.has_errors() {
        INCOMPLETE
    } else if fail_on.0.is_some_and(|severity| report.fails_at(severity)) {
        VIOLATIONS
    } else {
        0
    }
}
