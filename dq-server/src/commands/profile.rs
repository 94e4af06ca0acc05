//! `dq profile`: finds out what is in a source, and which rules it suggests.

use std::path::Path;

use dq_core::profile::{Profile, ProfileFormat, ProfileOptions, profile, render, render_text};
use dq_core::report::write_file;
use dq_core::source::Cancellation;
use dq_core::{Error, ErrorKind, Result};
use tokio::task::block_in_place;

use crate::arguments::{ProfileArguments, SourceArguments};
use crate::output;
use crate::progress::ProgressLine;

pub(crate) async fn run(arguments: &ProfileArguments, stop: Cancellation) -> Result<u8> {
    let output = &arguments.output;
    let format = |path| Ok((path, ProfileFormat::of_path(path)?));
    let files = output.files.iter().map(|it| format(it.as_path())).collect::<Result<Vec<_>>>()?;
    let rules = arguments.suggest.as_deref().filter(|it| *it != Path::new("-"));
    let written = files.iter().map(|it| it.0).chain(rules);
    block_in_place(|| keep_apart(written, &arguments.source))?;
    let source = block_in_place(|| arguments.source.open(&arguments.reading))?;
    let progress = ProgressLine::new(!output.no_progress && !output.quiet);
    let options = ProfileOptions {
        tables: arguments.tables.clone(),
        threads: arguments.threads(),
        memory_bytes: arguments.memory_bytes(),
        top: output.top,
        show_values: !output.no_values,
        suggest: arguments.suggest.is_some(),
        cancellation: stop,
        progress: progress.listener(),
        ..ProfileOptions::default()
    };
    let found = profile(&*source, &options).await?;
    drop(progress);
    Ok(block_in_place(|| deliver(&found, arguments, &files, rules)))
}

/// Makes sure that nothing overwrites a source.
fn keep_apart<'a>(
    mut files: impl Iterator<Item = &'a Path>,
    sources: &SourceArguments,
) -> Result<()> {
    // What has no real path does not exist yet, and cannot be overwritten.
    let sources: Vec<_> = sources.files().filter_map(|it| it.canonicalize().ok()).collect();
    match files.find(|file| file.canonicalize().is_ok_and(|it| sources.contains(&it))) {
        None => Ok(()),
        Some(file) => {
            let message = format!("`{}` would overwrite the source", file.display());
            Err(Error::new(ErrorKind::UsageInvalid, message))
        }
    }
}

/// Gives the profile and the rules to everyone who waits for them, and the exit code of the worst that
/// happened. Who cannot be reached keeps nobody else waiting.
fn deliver(
    found: &Profile,
    arguments: &ProfileArguments,
    files: &[(&Path, ProfileFormat)],
    rules: Option<&Path>,
) -> u8 {
    let profiles = files.iter().map(|(path, format)| write_profile(found, *format, path));
    let rules = rules.map(|path| write_file(path, found.rule_set().as_bytes()));
    let printed = std::iter::once_with(|| print(found, arguments));
    profiles.chain(rules).chain(printed).filter_map(Result::err).fold(0, |worst, error| {
        output::complain(&error);
        worst.max(error.kind().exit_code())
    })
}

fn write_profile(found: &Profile, format: ProfileFormat, path: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    render(found, format, &mut bytes).map_err(|it| Error::from_io("render", "the profile", it))?;
    write_file(path, &bytes)
}

fn print(found: &Profile, arguments: &ProfileArguments) -> Result<()> {
    let output = &arguments.output;
    if output.quiet {
        return Ok(());
    }
    let rules_only = arguments.suggest.as_deref() == Some(Path::new("-"));
    output::print(|out| match output.format {
        ProfileFormat::Text if rules_only => out.write_all(found.rule_set().as_bytes()),
        ProfileFormat::Text => render_text(found, output::stdout_style(output.color), out),
        ProfileFormat::Json => render(found, ProfileFormat::Json, out),
    })
}
