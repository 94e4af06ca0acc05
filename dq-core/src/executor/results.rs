//! Results of queries, used again.
//!
//! A key tells the database, the versions of the tables, the statement and its parameters, of all of which
//! the cache sees only a digest.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cache::{Abandoned, CacheKey, CacheManager, CacheOptions, Computed, Namespace, Tag};
use crate::database::{DatabaseManager, QueryResult, Statement};
use crate::error::Result;
use crate::executor::call::{Call, Reuse};
use crate::executor::config::ExecutorConfig;
use crate::source::Versions;
use crate::value::{ColumnSchema, OwnedValue, batch_codec};

/// The version of the shape of what is kept.
const SHAPE: u32 = 1;

/// Where results are kept.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    pub(crate) cache: Arc<dyn CacheManager>,
    namespace: Namespace,
    /// What names the database in the cache.
    data: Arc<str>,
}

/// Where one result is kept, how, and what of.
pub(crate) struct Kept {
    pub(crate) key: CacheKey,
    pub(crate) options: CacheOptions,
    /// Of what the result must be; `None` if it is kept by its age.
    pub(crate) versions: Option<Versions>,
}

impl Results {
    pub(crate) fn new(cache: Arc<dyn CacheManager>, data: Arc<str>) -> Result<Self> {
        Ok(Self { cache, namespace: Namespace::new("query")?, data })
    }

    /// Where the result of `statement` is kept, if the call allows it and the database can tell what it rests
    /// on.
    pub(crate) async fn find(
        &self,
        database: &dyn DatabaseManager,
        statement: &Statement,
        (call, config): (&Call, &ExecutorConfig),
    ) -> Option<Kept> {
        let mut versions = None;
        let (state, ttl_ms, stale_if_error_ms) = match &call.reuse {
            Reuse::Never => return None,
            Reuse::Unchanged(tables) => {
                let mut state = vec!["unchanged".to_owned()];
                let told = Versions::of(database, tables.clone()).await?;
                state.extend(told.reaching(config.result_versions));
                versions = Some(told);
                // What has not changed is as good when it is late.
                (state, config.result_ttl_ms, config.result_ttl_ms)
            }
            Reuse::For(span) => {
                let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
                (vec!["for".to_owned(), millis.to_string()], millis, 0)
            }
        };
        let deadline = call.deadline.unwrap_or_else(|| config.deadline());
        let options = CacheOptions {
            jitter: 0.0,
            refresh_ahead: 1.0,
            stale_if_error_ms,
            abandoned: Abandoned::Dropped,
            compute_timeout_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).max(1),
            tags: vec![Tag::new(["results of", &self.data]), Tag::of_source(&self.data)],
            ..CacheOptions::ttl_ms(ttl_ms)
        };
        Some(Kept { key: self.key(&state, statement), options, versions })
    }

    fn key(&self, state: &[String], statement: &Statement) -> CacheKey {
        let parameters = statement.parameters();
        let shape = (state.len(), parameters.positional.len(), statement.row_limit());
        let mut parts: Vec<Cow<'_, [u8]>> = vec![
            self.data.as_bytes().into(),
            format!("{shape:?}").into_bytes().into(),
            statement.sql().as_bytes().into(),
        ];
        parts.extend(state.iter().map(|it| it.as_bytes().into()));
        parts.extend(parameters.positional.iter().map(part));
        for (name, value) in &parameters.named {
            parts.extend([name.as_bytes().into(), part(value)]);
        }
        CacheKey::new(&self.namespace, SHAPE, parts)
    }
}

impl Kept {
    /// The result that was just read of `database`, to be kept if that has not changed meanwhile.
    pub(crate) async fn computed(
        versions: Option<&Versions>,
        database: &dyn DatabaseManager,
        result: KeptResult,
    ) -> Computed<KeptResult> {
        match versions {
            Some(versions) if !versions.still_hold(database).await => Computed::Passing(result),
            _ => Computed::Lasting(result),
        }
    }
}

/// A value as part of a key, told from all others, those of other types too.
fn part(value: &OwnedValue) -> Cow<'_, [u8]> {
    let (kind, bytes): (u8, Cow<'_, [u8]>) = match value {
        OwnedValue::Null => (0, Cow::default()),
        OwnedValue::Boolean(it) => (1, vec![u8::from(*it)].into()),
        OwnedValue::Integer(it) => (2, it.to_le_bytes().to_vec().into()),
        OwnedValue::Float(it) => (3, it.to_bits().to_le_bytes().to_vec().into()),
        OwnedValue::Date(it) => (4, it.days().to_le_bytes().to_vec().into()),
        OwnedValue::Timestamp(it) => (5, it.micros().to_le_bytes().to_vec().into()),
        OwnedValue::Text(it) => (6, it.as_bytes().into()),
        OwnedValue::Bytes(it) => (7, it.into()),
    };
    let mut part = vec![kind];
    part.extend_from_slice(&bytes);
    part.into()
}

/// The result of a query as it is kept.
#[derive(Clone)]
pub(crate) enum KeptResult {
    /// The rows.
    Rows(QueryResult),
    /// That there are too many to be kept: who asks has to ask the database.
    TooLarge,
}

impl KeptResult {
    /// What is kept of `result`, which takes so many bytes.
    pub(crate) fn of(result: &QueryResult, bytes: u64, config: &ExecutorConfig) -> Self {
        if bytes > config.cached_result_size_max_bytes as u64 {
            return Self::TooLarge;
        }
        Self::Rows(result.clone())
    }
}

/// As it is written; nothing if it is too large.
#[derive(Deserialize, Serialize)]
struct Written {
    columns: Vec<ColumnSchema>,
    batches: Vec<Vec<u8>>,
    truncated: bool,
}

impl Serialize for KeptResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self {
            Self::TooLarge => None,
            Self::Rows(it) => Some(Written {
                columns: it.columns.clone(),
                batches: it.batches.iter().map(batch_codec::encode).collect(),
                truncated: it.truncated,
            }),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeptResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(written) = Option::<Written>::deserialize(deserializer)? else {
            return Ok(Self::TooLarge);
        };
        let Written { columns, batches, truncated } = written;
        let batches: Option<_> = batches.into_iter().map(batch_codec::decode).collect();
        let batches = batches.ok_or_else(|| D::Error::custom("the rows cannot be read"))?;
        Ok(Self::Rows(QueryResult { columns, batches, truncated }))
    }
}

/// Shows no values.
impl fmt::Debug for KeptResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(it) => f.debug_struct("Rows").field("count", &it.row_count()).finish(),
            Self::TooLarge => f.write_str("TooLarge"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{AnyValue, Cacheable, NoopCache};
    use crate::value::{Batch, Column, TextColumn, Value, ValueType};

    #[test]
    fn what_is_written_to_a_store_comes_back() {
        let text = Column::Text(TextColumn::from_texts([Some("é"), None]));
        let whole = Column::Integer(vec![Some(7), Some(-1)].into());
        let names = [("t", ValueType::Text), ("n", ValueType::Integer)];
        let result = QueryResult {
            columns: names.map(|(name, it)| ColumnSchema::new(name, it)).to_vec(),
            batches: vec![Batch::new(0, 2, vec![text, whole])],
            truncated: true,
        };
        let codec = KeptResult::CODEC;
        let value: AnyValue = Arc::new(KeptResult::Rows(result.clone()));
        let read = codec.decode(&codec.encode(&value).unwrap()).unwrap();
        let Some(KeptResult::Rows(read)) = read.downcast_ref() else { panic!("no rows") };
        assert_eq!((&read.columns, read.truncated), (&result.columns, true));
        let values: Vec<_> = read.rows().map(|it| (it.value(0), it.value(1))).collect();
        let expected =
            [(Value::Text("é".as_bytes()), Value::Integer(7)), (Value::Null, Value::Integer(-1))];
        assert_eq!(values, expected);

        let value: AnyValue = Arc::new(KeptResult::TooLarge);
        let read = codec.decode(&codec.encode(&value).unwrap()).unwrap();
        assert!(matches!(read.downcast_ref(), Some(KeptResult::TooLarge)));
    }

    #[test]
    fn whatever_changes_the_answer_changes_the_key() {
        let results = Results::new(Arc::new(NoopCache), "a".into()).unwrap();
        let other = Results::new(Arc::new(NoopCache), "b".into()).unwrap();
        let (sql, state) = ("SELECT ?", ["unchanged".to_owned(), "1".to_owned()]);
        let bound = |value: OwnedValue| Statement::new(sql).bind(value);
        let mut keys = vec![
            results.key(&state, &bound(1.into())),
            other.key(&state, &bound(1.into())),
            results.key(&state[..1], &bound(1.into())),
            results.key(&state, &bound(1.0.into())),
            results.key(&state, &bound("1".into())),
            results.key(&state, &bound(vec![b'1'].into())),
            results.key(&state, &bound(OwnedValue::Null)),
            results.key(&state, &bound("".into())),
            results.key(&state, &bound(true.into())),
            results.key(&state, &bound(1.into()).limit(1)),
            results.key(&state, &Statement::new(sql).bind_named("a", 1)),
            results.key(&state, &Statement::new(sql).bind_named("b", 1)),
            results.key(&state, &Statement::new(sql)),
            results.key(&state, &Statement::new("SELECT  ?").bind(1)),
        ];
        assert_eq!(keys[0], results.key(&state, &bound(1.into())));
        let count = keys.len();
        keys.sort_by_key(|it| *it.digest());
        keys.dedup();
        assert_eq!(keys.len(), count);
        assert!(!format!("{:?}", results.key(&state, &bound("secret".into()))).contains("secret"));
    }
}
