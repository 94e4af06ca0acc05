//! Asks every server for its place, again and again, once for all callers.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::clock::{Clock, within};
use crate::database::postgres::probe::{Definitions, Place, Probe};
use crate::database::replicas::cluster::Cluster;
use crate::error::{Error, ErrorKind, Result};

/// After how long a server that is being connected to counts as silent once more, at least.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a server is asked at most, however many wait for it.
const GAP: Duration = Duration::from_millis(1);

/// How often functions and views are read again.
const DEFINITIONS: Duration = Duration::from_mins(1);

/// The task that asks. It ends with the cluster, and is begun anew where its runtime has ended.
#[derive(Debug, Default)]
pub(crate) struct Monitor {
    is_running: Arc<AtomicBool>,
    task: Mutex<Option<AbortHandle>>,
}

impl Monitor {
    /// Begins to ask, if nobody does.
    pub(crate) fn start(&self, cluster: &Arc<Cluster>) {
        if self.is_running.load(Ordering::Acquire) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if self.is_running.swap(true, Ordering::AcqRel) {
            return;
        }
        let running = Running(Arc::clone(&self.is_running));
        let members = 0..cluster.members.len();
        let watches: Vec<_> = members.filter_map(|it| Watch::new(cluster, it)).collect();
        let task = runtime.spawn(async move {
            let _running = running;
            join_all(watches.into_iter().map(Watch::run)).await;
        });
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
    }

    /// Asks no more.
    pub(crate) fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Tells when the task is gone, with its runtime perhaps.
struct Running(Arc<AtomicBool>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Asks one server.
struct Watch {
    teller: Teller,
    probe: Probe,
    poke: Arc<Notify>,
    clock: Arc<dyn Clock>,
    interval: Duration,
    timeout: Duration,
    /// When functions and views were read, and what they were.
    learnt: Option<(Instant, Definitions)>,
}

impl Watch {
    fn new(cluster: &Arc<Cluster>, number: usize) -> Option<Self> {
        let member = cluster.members.get(number)?;
        Some(Self {
            teller: Teller { cluster: Arc::downgrade(cluster), number },
            probe: member.database.probe(),
            poke: Arc::clone(&member.poke),
            clock: Arc::clone(&cluster.clock),
            interval: cluster.config.poll_interval(),
            timeout: cluster.config.poll_timeout(),
            learnt: None,
        })
    }

    async fn run(mut self) {
        loop {
            let (asked, answer) = self.ask().await;
            let Some(is_telling) = self.teller.tell(asked, answer) else { return };
            if is_telling && self.is_due() {
                self.learn().await;
            }
            tokio::select! {
                () = self.clock.sleep(self.interval) => {}
                () = self.poke.notified() => {
                    if self.clock.now().saturating_duration_since(asked) < GAP {
                        self.clock.sleep(GAP).await;
                    }
                }
            }
        }
    }

    /// Asks; gives when.
    async fn ask(&mut self) -> (Instant, Result<Place>) {
        if let Err(error) = self.connect().await {
            return (self.clock.now(), Err(error));
        }
        let asked = self.clock.now();
        let answer = within(&*self.clock, self.timeout, self.probe.place()).await;
        (asked, answer.unwrap_or_else(|| Err(silent(self.timeout))))
    }

    /// Makes a connection, if there is none. A server that lets nobody in is told of while it is waited for.
    async fn connect(&mut self) -> Result<()> {
        if self.probe.is_connected() {
            return Ok(());
        }
        let patience = self.timeout.max(PATIENCE);
        let mut connecting = pin!(self.probe.connect());
        loop {
            if let Some(made) = within(&*self.clock, patience, connecting.as_mut()).await {
                return made;
            }
            self.teller.tell(self.clock.now(), Err(silent(patience)));
        }
    }

    fn is_due(&self) -> bool {
        let now = self.clock.now();
        let age = self.learnt.as_ref().map(|it| now.saturating_duration_since(it.0));
        age.is_none_or(|it| it >= DEFINITIONS)
    }

    /// Reads functions and views. Where that fails they stay as they were: what is not known goes to the primary.
    async fn learn(&mut self) {
        let patience = self.timeout.max(PATIENCE);
        let read = within(&*self.clock, patience, self.probe.definitions()).await;
        let (Some(Ok(found)), Some(cluster)) = (read, self.teller.cluster.upgrade()) else {
            return;
        };
        let is_new = self.learnt.as_ref().is_none_or(|it| it.1 != found);
        if is_new {
            cluster.classifier.learn(&found);
            cluster.changed();
        }
        self.learnt = Some((self.clock.now(), found));
    }
}

/// Tells the cluster of one server.
struct Teller {
    cluster: Weak<Cluster>,
    number: usize,
}

impl Teller {
    /// Tells what it answered; gives whether this server is one to learn from. Nothing once the cluster is gone.
    fn tell(&self, asked: Instant, answer: Result<Place>) -> Option<bool> {
        let cluster = self.cluster.upgrade()?;
        if let Some(member) = cluster.members.get(self.number) {
            member.failed(answer.as_ref().err());
        }
        let now = cluster.clock.now();
        let place = answer.ok();
        let primary = {
            let mut topology = cluster.topology();
            topology.observe(self.number, place, asked, now);
            topology.primary()
        };
        cluster.changed();
        let is_told = cluster.classifier.is_told();
        Some(place.is_some() && primary.map_or(!is_told, |it| it.0 == self.number || !is_told))
    }
}

fn silent(span: Duration) -> Error {
    let message = format!("no answer within {} ms", span.as_millis());
    Error::new(ErrorKind::Timeout, message)
}
