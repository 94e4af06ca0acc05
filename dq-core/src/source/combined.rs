//! Several sources as one, so that rules may relate their tables.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::error::{Error, ErrorKind, Result};
use crate::source::{Partition, Query, QueryRows, Scan, Snapshot, Source, Version};
use crate::value::TableSchema;

/// Several sources whose tables can be checked in one run, and against each other.
///
/// Each source is read as of a moment of its own: their snapshots are opened one after another, before
/// the first row is read. What one source changes between two of these moments is seen in one
/// and not in the other.
#[derive(Clone, Debug, Default)]
pub struct CombinedSource {
    name: String,
    members: Vec<Member>,
    notes: Vec<String>,
    /// The tables as the last snapshot had them: which there are only a snapshot tells. Clones share it.
    layout: Arc<Mutex<Option<Arc<Layout>>>>,
}

/// Where each table is found, by its name here.
type Layout = HashMap<String, Place>;

#[derive(Clone, Debug)]
struct Member {
    source: Arc<dyn Source>,
    /// What its table is called, or what stands before the names of its tables.
    name: Option<String>,
}

impl CombinedSource {
    /// No sources.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source whose tables keep their names.
    #[must_use]
    pub fn with(self, source: Arc<dyn Source>) -> Self {
        self.add(Member { source, name: None })
    }

    /// Adds a source under a name. If it has one table, then `name` is the name of that; several
    /// tables are called `name.table`.
    #[must_use]
    pub fn with_named(self, name: impl Into<String>, source: Arc<dyn Source>) -> Self {
        self.add(Member { source, name: Some(name.into()) })
    }

    /// Adds something that the user should know.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn add(mut self, member: Member) -> Self {
        self.layout = Arc::default();
        let separator = if self.members.is_empty() { "" } else { ", " };
        self.name = format!("{}{separator}{}", self.name, member.title());
        self.members.push(member);
        self
    }
}

impl CombinedSource {
    /// The tables as they were last seen; a snapshot is opened if `table` was not among them. `None` where a
    /// source cannot tell versions: it may be one that can be read only once.
    async fn layout(&self, table: &str) -> Result<Option<Arc<Layout>>> {
        let known = self.known_layout();
        if known.as_ref().is_some_and(|it| it.contains_key(table)) {
            return Ok(known);
        }
        for member in &self.members {
            // Of a table that it does not have, a source that can tell says so.
            if matches!(member.source.version(table).await, Ok(None)) {
                return Ok(None);
            }
        }
        // Dropped without an end: nothing is read of it.
        drop(self.snapshot().await?);
        Ok(self.known_layout())
    }

    fn known_layout(&self) -> Option<Arc<Layout>> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The version of the first of the tables of a member that has one.
    async fn version_of(&self, position: usize, layout: &Layout) -> Result<Option<Version>> {
        let Some(member) = self.members.get(position) else { return Ok(None) };
        let places = layout.values().filter(|it| it.member == position);
        let mut tables: Vec<_> = places.map(|it| it.table.clone()).collect();
        tables.sort_unstable();
        for table in tables {
            let version = member.source.version(&table).await?;
            if version.is_some() {
                return Ok(version);
            }
        }
        Ok(None)
    }
}

impl Member {
    /// What the user has typed.
    fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}={}", self.source.name()),
            None => self.source.name().to_owned(),
        }
    }

    /// What its `table`, one of so many, is called.
    fn name_of(&self, table: &str, tables: usize) -> String {
        match (&self.name, tables) {
            (Some(name), 1) => name.clone(),
            (Some(name), _) => format!("{name}.{table}"),
            (None, _) => table.to_owned(),
        }
    }
}

#[async_trait]
impl Source for CombinedSource {
    /// The names of all sources.
    fn name(&self) -> &str {
        &self.name
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let mut combined = CombinedSnapshot { notes: self.notes.clone(), ..Default::default() };
        for member in &self.members {
            let snapshot = member.source.snapshot().await?;
            combined.add(member, snapshot)?;
        }
        let layout = Some(Arc::new(combined.places.clone()));
        *self.layout.lock().unwrap_or_else(PoisonError::into_inner) = layout;
        Ok(Box::new(combined))
    }

    /// Of the table, and of each of the other sources: what is added to any of them may make a name mean
    /// another table, or none. `None` unless every source can tell.
    async fn version(&self, table: &str) -> Result<Option<Version>> {
        let Some(layout) = self.layout(table).await? else { return Ok(None) };
        let Some(place) = layout.get(table) else { return Err(missing(table)) };
        let (mut local, mut shared) = (Vec::new(), Some(Vec::new()));
        for (position, member) in self.members.iter().enumerate() {
            let version = if position == place.member {
                member.source.version(&place.table).await?
            } else {
                self.version_of(position, &layout).await?
            };
            let Some(version) = version else { return Ok(None) };
            local.push(part(version.local()));
            shared = shared.zip(version.shared()).map(|(mut parts, it)| {
                parts.push(part(it));
                parts
            });
        }
        Ok(Some(Version::new(local.concat(), shared.map(|it| it.concat()))))
    }
}

/// The snapshots of several sources.
#[derive(Debug, Default)]
struct CombinedSnapshot {
    schemas: Vec<TableSchema>,
    places: Layout,
    /// Each with the name of its source.
    members: Vec<(String, Box<dyn Snapshot>)>,
    notes: Vec<String>,
}

/// A part of a version, told from what is beside it.
fn part(version: &str) -> String {
    format!("{}:{version};", version.len())
}

#[derive(Clone, Debug)]
struct Place {
    member: usize,
    /// What the table is called there.
    table: String,
}

impl CombinedSnapshot {
    fn add(&mut self, member: &Member, snapshot: Box<dyn Snapshot>) -> Result<()> {
        let title = member.title();
        for schema in snapshot.tables() {
            let name = member.name_of(&schema.name, snapshot.tables().len());
            let place = Place { member: self.members.len(), table: schema.name.clone() };
            if let Some(other) = self.places.insert(name.clone(), place) {
                let other = self.members.get(other.member).map_or(title.as_str(), |it| &it.0);
                return Err(ambiguous(&name, other, &title));
            }
            self.schemas.push(TableSchema { name, ..schema.clone() });
        }
        self.members.push((title, snapshot));
        Ok(())
    }

    /// The snapshot that has a table, and what the table is called there.
    fn find(&self, table: &str) -> Result<(&dyn Snapshot, String)> {
        let place = self.places.get(table);
        let member = place.and_then(|it| Some((self.members.get(it.member)?, it)));
        member
            .map(|((_, snapshot), place)| (&**snapshot, place.table.clone()))
            .ok_or_else(|| missing(table))
    }
}

fn missing(table: &str) -> Error {
    let message = format!("cannot read the table `{table}`: there is none");
    Error::new(ErrorKind::NotFound, message)
}

fn ambiguous(table: &str, one: &str, other: &str) -> Error {
    let message = format!(
        "cannot tell the table `{table}` of `{one}` from that of `{other}`: give one of them another \
         name, as in `name={other}`"
    );
    Error::new(ErrorKind::UsageInvalid, message)
}

#[async_trait]
impl Snapshot for CombinedSnapshot {
    fn tables(&self) -> &[TableSchema] {
        &self.schemas
    }

    async fn scan(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        let (snapshot, table) = self.find(&scan.table)?;
        snapshot.scan(&Scan { table, ..scan.clone() }).await
    }

    /// Asks the source that has the query's table, under the names that the tables have there.
    async fn query(&self, query: &Query) -> Result<QueryRows> {
        let (snapshot, table) = self.find(&query.table)?;
        snapshot.query(&Query { table, ..query.clone() }).await
    }

    /// Ends all snapshots, and gives the first error of any.
    async fn finish(&self) -> Result<()> {
        let mut ended = Ok(());
        for (_, snapshot) in &self.members {
            ended = ended.and(snapshot.finish().await);
        }
        ended
    }

    fn notes(&self) -> Vec<String> {
        let notes = |(title, snapshot): &(String, Box<dyn Snapshot>)| {
            let notes = snapshot.notes().into_iter();
            notes.map(|note| format!("{title}: {note}")).collect::<Vec<_>>()
        };
        self.notes.iter().cloned().chain(self.members.iter().flat_map(notes)).collect()
    }
}
