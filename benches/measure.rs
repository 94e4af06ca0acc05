//! What a program costs: time by the clock, time of the processors, memory.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dq_core::clock::{Clock, SystemClock};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);

/// What one run of a program took and printed.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) wall: Duration,
    /// Of the program and the kernel on its behalf, over all threads.
    pub(crate) cpu: Duration,
    pub(crate) output: String,
}

/// Runs `command` to its end. Exit code 1, which says that there are violations, is a success.
pub(crate) fn run(command: &mut Command) -> Result<Run> {
    let (clock, cpu) = (SystemClock, cpu_of_children()?);
    let start = clock.now();
    let output = command.stderr(Stdio::inherit()).output().context("cannot start the program")?;
    let wall = clock.now() - start;
    ensure!(matches!(output.status.code(), Some(0 | 1)), "{command:?}: {}", output.status);
    Ok(Run { wall, cpu: cpu_of_children()? - cpu, output: String::from_utf8(output.stdout)? })
}

/// Runs `command` to its end and looks every 20 ms how much anonymous memory it has: pages of mapped
/// files, which the system may take back, do not count. Gives the most that was seen, in bytes.
pub(crate) fn peak_memory(command: &mut Command) -> Result<u64> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start the program")?;
    let mut pipe = child.stdout.take().context("the program has no output")?;
    let reader = thread::spawn(move || pipe.read_to_end(&mut Vec::new()));
    let file = format!("/proc/{}/smaps_rollup", child.id());
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak.max(fs::read_to_string(&file).map_or(0, |it| anonymous(&it)));
        thread::sleep(SAMPLE_INTERVAL);
    }
    reader.join().ok().context("the output could not be read")??;
    Ok(peak)
}

fn anonymous(rollup: &str) -> u64 {
    let line = rollup.lines().find_map(|it| it.strip_prefix("Anonymous:"));
    let kib = line.and_then(|it| it.trim().strip_suffix(" kB")).and_then(|it| it.parse().ok());
    kib.unwrap_or(0_u64) * 1024
}

fn cpu_of_children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let of = |it: TimeVal| {
        Duration::from_secs(it.tv_sec() as u64) + Duration::from_micros(it.tv_usec() as u64)
    };
    Ok(of(usage.user_time()) + of(usage.system_time()))
}

/// The middle one of the values; of an even number, the higher of the middle two.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
