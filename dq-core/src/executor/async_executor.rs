//! The executor over a database manager.

#[cfg(feature = "cache")]
use std::mem;
use std::sync::Arc;
#[cfg(feature = "cache")]
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

#[cfg(feature = "cache")]
use crate::cache::{CacheManager, CacheManagerExt};
use crate::clock::Clock;
use crate::database::{DatabaseManager, QueryResult, Statement};
#[cfg(feature = "cache")]
use crate::error::ErrorKind;
use crate::error::Result;
use crate::executor::QueryExecutor;
use crate::executor::asking::Asking;
use crate::executor::call::Call;
#[cfg(feature = "cache")]
use crate::executor::call::Reuse;
use crate::executor::config::ExecutorConfig;
use crate::executor::gate::Gate;
use crate::executor::gated_source::{self, GatedSource};
use crate::executor::in_order::in_order;
use crate::executor::passage::Doing;
#[cfg(feature = "cache")]
use crate::executor::passage::Passage;
#[cfg(feature = "cache")]
use crate::executor::results::{Kept, KeptResult, Results};
use crate::executor::statistics::{Executed, ExecutorStatistics};
use crate::executor::stream::{ResultStream, pump};
use crate::source::Snapshot;

/// The executor over a [`DatabaseManager`] of any kind.
#[derive(Debug)]
pub struct AsyncQueryExecutor {
    asking: Asking,
    #[cfg(feature = "cache")]
    results: Option<Results>,
}

impl AsyncQueryExecutor {
    /// An executor over `database`, with limits of its own.
    ///
    /// # Errors
    ///
    /// `ConfigInvalid` for a value out of its range.
    pub fn new(
        database: Arc<dyn DatabaseManager>,
        config: ExecutorConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let gate = Gate::new(database.name(), config, clock)?;
        Ok(Self::behind(gate, database))
    }

    /// An executor over `database`, within the limits of `gate`.
    pub fn behind(gate: Arc<Gate>, database: Arc<dyn DatabaseManager>) -> Self {
        let asking = Asking { database, gate };
        Self {
            asking,
            #[cfg(feature = "cache")]
            results: None,
        }
    }

    /// Keeps results in `cache`, for calls that allow it. `data` names the database among all that the
    /// cache may know, such as the absolute path of a file.
    ///
    /// # Errors
    ///
    /// None today.
    #[cfg(feature = "cache")]
    pub fn with_cache(
        mut self,
        cache: Arc<dyn CacheManager>,
        data: impl Into<Arc<str>>,
    ) -> Result<Self> {
        self.results = Some(Results::new(cache, data.into())?);
        Ok(self)
    }

    /// The database.
    pub fn database(&self) -> &Arc<dyn DatabaseManager> {
        &self.asking.database
    }

    /// The limits, to put something else within them too.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.asking.gate
    }

    /// The database as a source to validate or to scan, within the limits of this executor: each snapshot is a
    /// call as `call` says.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::collections::BTreeMap;
    /// use std::sync::Arc;
    ///
    /// use dq_core::clock::SystemClock;
    /// use dq_core::database::DatabaseManager;
    /// use dq_core::database::sqlite::{SqliteConfig, SqliteDatabaseManager};
    /// use dq_core::executor::{AsyncQueryExecutor, Call, ExecutorConfig, QueryExecutor};
    /// use dq_core::rules::RuleSet;
    /// use dq_core::validate::{ValidateOptions, validate};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("providers.db");
    /// let clock = Arc::new(SystemClock);
    /// let config = SqliteConfig { create_if_missing: true, ..SqliteConfig::new(path) };
    /// let database = SqliteDatabaseManager::open(config, clock.clone()).await?;
    /// database.execute(&"CREATE TABLE provider (npi TEXT)".into()).await?;
    /// let executor =
    ///     AsyncQueryExecutor::new(Arc::new(database), ExecutorConfig::default(), clock)?;
    /// let rules = "{ version: 1, rules: [{ id: npi, table: provider, checks: [{ column: npi, not_null: true }] }] }";
    /// let rules = RuleSet::parse("rules.yaml", rules, &BTreeMap::new())?;
    /// let source = executor.source(Call::named("nightly"));
    /// validate(&source, &rules, &ValidateOptions::default()).await?;
    /// let names = executor.statistics().names;
    /// assert_eq!((names["nightly"].calls, names["nightly/npi"].calls), (1, 1));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sqlite"))]
    /// # fn main() {}
    /// ```
    pub fn source(&self, call: Call) -> GatedSource {
        let (database, gate) = (&self.asking.database, &self.asking.gate);
        GatedSource::new(Arc::clone(database) as _, Arc::clone(gate), call)
    }

    /// Gives an earlier result, or asks the database, once for all who ask the same meanwhile.
    #[cfg(feature = "cache")]
    async fn reuse(
        &self,
        results: &Results,
        (statement, call): (&Statement, &Call),
    ) -> Result<Executed<QueryResult>> {
        let mut passage = self.gate().begin(call, Doing::Query);
        let found = match self.find(&mut passage, results, (statement, call)).await {
            Ok(found) => found,
            Err(error) => {
                let failed = Err(error);
                passage.end(&failed);
                return failed;
            }
        };
        let earlier = match found {
            Found::Own(Executed { value, statistics }) => {
                passage.meter.figures = statistics;
                return Ok(Executed { value, statistics: passage.end(&Ok(())) });
            }
            Found::Kept(earlier) => earlier,
            Found::Nowhere => Arc::new(KeptResult::TooLarge),
        };
        let KeptResult::Rows(rows) = &*earlier else {
            passage.meter.forget();
            let call = Call { deadline: Some(passage.left()), ..call.clone() };
            return self.asking.query(statement, &call).await;
        };
        passage.meter.figures.cached = true;
        passage.meter.figures.rows = rows.row_count() as u64;
        Ok(Executed { value: rows.clone(), statistics: passage.end(&Ok(())) })
    }

    /// Looks for an earlier result, and asks where there is none. The database tells versions within the time
    /// of the call; one that is given a rest is not asked for any.
    #[cfg(feature = "cache")]
    async fn find(
        &self,
        passage: &mut Passage,
        results: &Results,
        (statement, call): (&Statement, &Call),
    ) -> Result<Found> {
        let (database, gate) = (&*self.asking.database, self.gate());
        gate.check_open(Doing::Query)?;
        if matches!(call.reuse, Reuse::Unchanged(_)) && gate.breaker().check().is_err() {
            return Ok(Found::Nowhere);
        }
        let finding = results.find(database, statement, (call, gate.config()));
        let Some(found) = passage.wait(finding).await else {
            return Err(passage.allowed.not_started());
        };
        let Some(kept) = found else { return Ok(Found::Nowhere) };
        let mut call = call.clone();
        loop {
            let asking = self.ask_or_join(passage, results, &kept, (statement, &call));
            let (result, Own { is_asked, executed }) = asking.await;
            match result {
                Ok(kept) => return Ok(executed.map_or(Found::Kept(kept), Found::Own)),
                // It was the time of another that was over.
                Err(error)
                    if !is_asked && error.kind() == ErrorKind::Timeout && !passage.is_over() =>
                {
                    call.deadline = Some(passage.left());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks in a task of its own, whoever waits for it, or waits for another who asks the same. What it took
    /// is told here, if it is this call's.
    #[cfg(feature = "cache")]
    async fn ask_or_join(
        &self,
        passage: &mut Passage,
        results: &Results,
        kept: &Kept,
        (statement, call): (&Statement, &Call),
    ) -> (Result<Arc<KeptResult>>, Own) {
        let own = Arc::new(Mutex::new(Own::default()));
        let telling = Arc::clone(&own);
        let (asking, statement, call) = (self.asking.clone(), statement.clone(), call.clone());
        let versions = kept.versions.clone();
        let compute = move || async move {
            lock(&telling).is_asked = true;
            let executed = asking.query_within(&statement, &call).await?;
            let (bytes, config) = (executed.statistics.bytes, asking.gate.config());
            let kept = KeptResult::of(&executed.value, bytes, config);
            lock(&telling).executed = Some(executed);
            Ok(Kept::computed(versions.as_ref(), &*asking.database, kept).await)
        };
        let found = results.cache.get_or_compute_some(&kept.key, &kept.options, compute);
        let result = passage.run(found).await;
        let own = mem::take(&mut *lock(&own));
        (result, own)
    }
}

/// Where an answer was found.
#[cfg(feature = "cache")]
enum Found {
    /// This call has asked.
    Own(Executed<QueryResult>),
    /// It is an earlier one, or that of another who asked meanwhile.
    Kept(Arc<KeptResult>),
    /// None may be kept.
    Nowhere,
}

/// What a call has asked itself.
#[cfg(feature = "cache")]
#[derive(Default)]
struct Own {
    is_asked: bool,
    executed: Option<Executed<QueryResult>>,
}

#[cfg(feature = "cache")]
fn lock(own: &Mutex<Own>) -> MutexGuard<'_, Own> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl QueryExecutor for AsyncQueryExecutor {
    /// First the cache, if there is one; then what [`Gate`] spells out.
    async fn query(&self, statement: &Statement, call: &Call) -> Result<Executed<QueryResult>> {
        #[cfg(feature = "cache")]
        if let Some(results) = &self.results
            && call.reuse != Reuse::Never
        {
            return self.reuse(results, (statement, call)).await;
        }
        self.asking.query(statement, call).await
    }

    async fn query_all(
        &self,
        statements: &[Statement],
        call: &Call,
    ) -> Vec<Result<Executed<QueryResult>>> {
        let queries = statements.iter().map(|it| self.query(it, call));
        in_order(queries, self.gate().config().concurrent_max).await
    }

    async fn stream(&self, statement: &Statement, call: &Call) -> Result<ResultStream> {
        let (database, gate) = (&self.asking.database, self.gate());
        let mut passage = gate.begin(call, Doing::Query);
        match gate.pass(&mut passage, call, || database.stream(statement)).await {
            Ok((rows, place)) => Ok(pump(rows, (place, passage), Arc::clone(gate))),
            Err(error) => {
                let failed = Err(error);
                passage.end(&failed);
                failed
            }
        }
    }

    async fn execute(&self, statement: &Statement, call: &Call) -> Result<Executed<u64>> {
        let (database, gate) = (&self.asking.database, self.gate());
        let mut passage = gate.begin(call, Doing::Change);
        let passed = gate.pass(&mut passage, call, || database.execute(statement)).await;
        let result = passed.map(|(value, _place)| value);
        if let Ok(rows) = &result {
            passage.meter.figures.rows = *rows;
        }
        let statistics = passage.end(&result);
        result.map(|value| Executed { value, statistics })
    }

    async fn snapshot(&self, call: &Call) -> Result<Box<dyn Snapshot>> {
        gated_source::open(&*self.asking.database, self.gate(), call).await
    }

    fn statistics(&self) -> ExecutorStatistics {
        self.gate().statistics()
    }

    async fn close(&self) {
        self.gate().close().await;
    }
}
