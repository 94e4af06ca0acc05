//! One run for all who ask for the same verdict at once.
//!
//! The run is in a task of its own, as the cache makes one for a key: whoever waits keeps nobody else waiting,
//! and takes the run from nobody by going. When the last of them has gone it is stopped.

use std::mem;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cache::{CacheManagerExt, Computed, Lookup};
use crate::clock::within;
use crate::error::{ErrorKind, Result};
use crate::rules::{Now, RuleSet};
use crate::source::{Cancellation, Source, Versions};
use crate::validate::verdict::VerdictCache;
use crate::validate::verdict::kept::KeptVerdict;
use crate::validate::verdict::place::Place;
use crate::validate::{Report, ValidateOptions, validate_at};

/// How often who waits looks whether it has been asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a verdict is asked about.
pub(crate) struct Asked<'a> {
    pub(crate) source: &'a Arc<dyn Source>,
    pub(crate) rules: &'a RuleSet,
    pub(crate) options: &'a ValidateOptions,
    pub(crate) now: Now,
}

/// A run on behalf of all who wait for its verdict.
struct Run {
    source: Arc<dyn Source>,
    rules: RuleSet,
    options: ValidateOptions,
    now: Now,
    versions: Option<Versions>,
    keeps_samples: bool,
    own: Arc<Mutex<Own>>,
}

/// What is for the one whose run it is.
#[derive(Default)]
struct Own {
    has_begun: bool,
    /// All of it, the samples too.
    report: Option<Report>,
}

/// An earlier verdict, or else one run for all who wait for it.
pub(crate) async fn answer(
    verdicts: &VerdictCache,
    asked: &Asked<'_>,
    place: &Place,
) -> Result<Report> {
    let clock = &*asked.options.clock;
    let started = clock.now();
    let earlier = |it: &KeptVerdict| it.report(clock, started, place.standing);
    // What is at hand needs none of what a run does.
    if let Lookup::Value(kept) = verdicts.cache.get_local::<KeptVerdict>(&place.key) {
        return Ok(earlier(&kept));
    }
    loop {
        let own = Arc::default();
        let run = Run::new(asked, place, (verdicts.config.keep_samples, &own));
        let judging =
            verdicts.cache.get_or_compute_some(&place.key, &place.options, || run.judge());
        let judged = unless_stopped(asked.options, judging).await?;
        let Own { has_begun, report } = mem::take(&mut *lock(&own));
        match judged {
            Ok(kept) => return Ok(report.unwrap_or_else(|| earlier(&kept))),
            // It was the time of another that was over.
            Err(error) if !has_begun && is_of_its_caller(error.kind()) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Runs for one who hears of every row, and keeps the verdict for the others.
pub(crate) async fn run_and_keep(
    verdicts: &VerdictCache,
    asked: &Asked<'_>,
    place: &Place,
) -> Result<Report> {
    let reading = verdicts.cache.reading(&place.key).await;
    let report = validate_at(&**asked.source, asked.rules, asked.options, asked.now).await?;
    let run = (&**asked.source, asked.options, place.versions.as_ref());
    let kept = computed(&report, run, verdicts.config.keep_samples).await;
    if let Computed::Lasting(kept) = kept {
        verdicts.cache.set_read(&place.key, kept, &place.options, reading).await;
    }
    Ok(report)
}

impl Run {
    fn new(
        asked: &Asked<'_>,
        place: &Place,
        (keeps_samples, own): (bool, &Arc<Mutex<Own>>),
    ) -> Self {
        // Whoever asks may stop waiting; the run stops when nobody waits.
        let cancellation = Cancellation::new();
        Self {
            source: Arc::clone(asked.source),
            rules: asked.rules.clone(),
            options: ValidateOptions { cancellation, ..asked.options.clone() },
            now: asked.now,
            versions: place.versions.clone(),
            keeps_samples,
            own: Arc::clone(own),
        }
    }

    async fn judge(self) -> Result<Computed<KeptVerdict>> {
        lock(&self.own).has_begun = true;
        let report = validate_at(&*self.source, &self.rules, &self.options, self.now).await?;
        let run = (&*self.source, &self.options, self.versions.as_ref());
        let kept = computed(&report, run, self.keeps_samples).await;
        lock(&self.own).report = Some(report);
        Ok(kept)
    }
}

/// The verdict of a report that has just been made; to be kept if every check could run, and if the data are
/// still those of the versions from before it was made.
async fn computed(
    report: &Report,
    (source, options, versions): (&dyn Source, &ValidateOptions, Option<&Versions>),
    keeps_samples: bool,
) -> Computed<KeptVerdict> {
    let is_of_its_version = match versions {
        Some(versions) => versions.still_hold(source).await,
        None => true,
    };
    let kept = KeptVerdict::of(report, &*options.clock, keeps_samples);
    if !is_of_its_version {
        Computed::Passing(kept.of_changing_data())
    } else if report.has_errors() {
        Computed::Passing(kept)
    } else {
        Computed::Lasting(kept)
    }
}

/// What `answer` gives, unless who asks is told to stop.
async fn unless_stopped<T>(
    options: &ValidateOptions,
    answer: impl Future<Output = T>,
) -> Result<T> {
    let mut answer = pin!(answer);
    loop {
        options.cancellation.check()?;
        if let Some(answer) = within(&*options.clock, LOOK_EVERY, &mut answer).await {
            return Ok(answer);
        }
    }
}

/// Whether an error is about what one caller wanted, and not about what was asked.
fn is_of_its_caller(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Timeout | ErrorKind::Cancelled)
}

fn lock(own: &Mutex<Own>) -> MutexGuard<'_, Own> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}
