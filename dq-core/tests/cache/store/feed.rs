//! The feed of the store in this process.

use std::time::Duration;

use async_trait::async_trait;
use dq_core::cache::shared::{FeedEvent, InvalidationFeed, NodeId};
use dq_core::clock::Clock;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::store::TestStore;

/// What one link hears.
#[derive(Debug)]
pub(crate) struct TestFeed {
    pub(crate) store: TestStore,
    pub(crate) node: NodeId,
    pub(crate) receiver: UnboundedReceiver<FeedEvent>,
    pub(crate) was_current: bool,
}

#[async_trait]
impl InvalidationFeed for TestFeed {
    async fn next(&mut self) -> FeedEvent {
        loop {
            if let Ok(event) = self.receiver.try_recv() {
                self.was_current = false;
                return event;
            }
            let connected =
                self.store.shared().feeds.get(&self.node).is_some_and(|it| it.connected);
            if connected && !self.was_current {
                self.was_current = true;
                return FeedEvent::Current { as_of: self.store.clock.now() };
            }
            tokio::select! {
                event = self.receiver.recv() => {
                    self.was_current = false;
                    return event.unwrap_or(FeedEvent::Disconnected);
                }
                () = self.store.clock.sleep(Duration::from_millis(100)) => self.was_current = false,
            }
        }
    }
}
