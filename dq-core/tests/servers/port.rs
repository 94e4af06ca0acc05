//! Free ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the system gives ports to outgoing connections.
const FIRST: u16 = 18_000;
const COUNT: u16 = 4_000;
/// A node of a cluster also listens here.
const BUS_OFFSET: u16 = 10_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port on which nothing listens, nor on the one for the bus of a cluster. Test binaries that run
/// at once begin at different places.
pub(crate) fn free() -> u16 {
    let start = (std::process::id().wrapping_mul(97) % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = FIRST + offset;
        let is_free = |it: u16| TcpListener::bind(("127.0.0.1", it)).is_ok();
        if is_free(port) && is_free(port + BUS_OFFSET) {
            return port;
        }
    }
    panic!("no port from {FIRST} on is free");
}
