//! A verdict as it is kept.

use std::time::{Duration, Instant, SystemTime};

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Clock;
use crate::validate::{CheckReport, OriginalRun, Report};

/// A verdict as it is kept. In memory it is a report; elsewhere its JSON, which says what is what.
#[derive(Clone, Debug)]
pub(crate) struct KeptVerdict {
    report: Report,
    /// When the run ended, in microseconds since 1970.
    ended: u64,
    has_samples: bool,
    /// Whether data may have changed since their version was told. Such a verdict is never kept.
    is_of_changing_data: bool,
}

/// What is known about the data of an earlier verdict.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// They have not changed.
    Unchanged,
    /// The verdict is recent enough.
    Recent,
}

/// As it is written.
#[derive(Deserialize, Serialize)]
struct Written {
    json: String,
    ended: u64,
    has_samples: bool,
}

impl KeptVerdict {
    /// The verdict of a run that ends now.
    pub(crate) fn of(report: &Report, clock: &dyn Clock, keep_samples: bool) -> Self {
        let mut report = report.clone();
        if !keep_samples {
            report.rules.iter_mut().flat_map(|it| &mut it.checks).for_each(forget_rows);
        }
        let ended = micros(clock.utc());
        Self { report, ended, has_samples: keep_samples, is_of_changing_data: false }
    }

    /// The same, of data that have changed while they were read.
    pub(crate) fn of_changing_data(self) -> Self {
        Self { is_of_changing_data: true, ..self }
    }

    /// The report of who asked at `started` and is told now.
    pub(crate) fn report(&self, clock: &dyn Clock, started: Instant, standing: Standing) -> Report {
        let mut report = self.report.clone();
        let age = Duration::from_micros(micros(clock.utc()).saturating_sub(self.ended));
        let (elapsed, has_samples) = (report.elapsed, self.has_samples);
        report.original = Some(OriginalRun { elapsed, age, has_samples });
        report.cached = true;
        report.elapsed = clock.now().saturating_duration_since(started);
        let standing = if self.is_of_changing_data { Standing::Recent } else { standing };
        report.notes.push(note(standing, has_samples));
        report
    }
}

/// Takes out of a report what it says of single rows: samples, and figures that are the value of a row.
fn forget_rows(check: &mut CheckReport) {
    check.truncated = check.failing_rows() > 0;
    check.sample = Vec::new();
    if matches!(check.check, "min" | "max" | "quantile") {
        check.observed = None;
        check.measured.iter_mut().for_each(|it| it.value = None);
    }
}

fn note(standing: Standing, has_samples: bool) -> String {
    let standing = match standing {
        Standing::Unchanged => {
            "this is the verdict of an earlier run, since which no data have changed"
        }
        Standing::Recent => {
            "this is the verdict of an earlier run, since which data may have changed"
        }
    };
    let samples = if has_samples {
        ""
    } else {
        "; no rows and no values of rows are shown, since none were kept"
    };
    format!("{standing}{samples}")
}

fn micros(time: SystemTime) -> u64 {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX)
}

impl Serialize for KeptVerdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = serde_json::to_string(&self.report).map_err(S::Error::custom)?;
        Written { json, ended: self.ended, has_samples: self.has_samples }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeptVerdict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { json, ended, has_samples } = Written::deserialize(deserializer)?;
        // What serde says repeats values, which nobody needs to see.
        let unreadable = |_| D::Error::custom("the report of a kept verdict cannot be read");
        let report = serde_json::from_str(&json).map_err(unreadable)?;
        Ok(Self { report, ended, has_samples, is_of_changing_data: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{AnyValue, Cacheable};
    use crate::clock::TestClock;
    use crate::validate::testing::{check, row};
    use crate::validate::{FORMAT, Measured, Quality, RuleReport, Status};
    use std::sync::Arc;

    fn report() -> Report {
        let sample = vec![row(&[("id", "P1".into()), ("n", 7.into())])];
        let failing = CheckReport { violations: 1, sample, ..check("a", Status::Fail) };
        let checks = vec![failing, check("b", Status::Pass)];
        let rules = vec![RuleReport {
            id: "r".to_owned(),
            table: "t".to_owned(),
            description: None,
            status: Status::Fail,
            checks,
        }];
        Report {
            format: FORMAT,
            status: Status::Fail,
            as_of: "2026-01-01".to_owned(),
            source: "s".to_owned(),
            rules_file: "f".to_owned(),
            notes: Vec::new(),
            tables: Vec::new(),
            quality: Quality::of(&rules),
            baseline: None,
            rules,
            elapsed: Duration::from_secs(2),
            cached: false,
            original: None,
            statistics: None,
        }
    }

    #[test]
    fn nothing_is_kept_of_single_rows_unless_that_is_allowed() {
        let measured = Measured {
            value: Some(98.into()),
            min: None,
            max: Some(5.into()),
            out_of_bounds: true,
        };
        let mut report = report();
        report.rules[0].checks.push(CheckReport {
            check: "max",
            violations: 1,
            observed: Some("98 as the greatest value".to_owned()),
            measured: Some(measured),
            ..check("c", Status::Fail)
        });
        let kept = |keep_samples| {
            serde_json::to_string(&KeptVerdict::of(&report, &TestClock::new(), keep_samples))
                .unwrap()
        };
        assert!(kept(true).contains("98") && kept(true).contains("P1"));
        assert!(!kept(false).contains("98") && !kept(false).contains("P1"));
    }

    #[test]
    fn what_is_written_to_a_store_comes_back() {
        let clock = TestClock::new();
        let kept = KeptVerdict::of(&report(), &clock, true);
        let codec = KeptVerdict::CODEC;
        let value: AnyValue = Arc::new(kept.clone());
        let read = codec.decode(&codec.encode(&value).unwrap()).unwrap();
        let read = read.downcast_ref::<KeptVerdict>().unwrap();
        let json = |it: &KeptVerdict| {
            let report = it.report(&clock, clock.now(), Standing::Unchanged);
            serde_json::to_value(&report).unwrap()
        };
        assert_eq!(json(read), json(&kept));
        assert_eq!(json(read)["original"]["seconds"], 2.0);
    }
}
