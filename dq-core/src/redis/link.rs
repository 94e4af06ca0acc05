//! One connection to one server.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, RedisConnectionInfo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::clock::{self, Clock};
use crate::error::{Error, ErrorKind, Result};
use crate::redis::failure::{Failure, handshake_failed, unreachable};
use crate::redis::settings::{Address, Credentials, Settings};

/// What is called with each message that the server sends of its own accord. It must not block.
pub(crate) type PushSink = Arc<dyn Fn(PushInfo) + Send + Sync>;

/// An open connection, authenticated. It closes when it is dropped.
pub(crate) struct Link {
    pub(crate) connection: MultiplexedConnection,
    driver: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// How a connection is opened, but for its address.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) settings: Arc<Settings>,
    pub(crate) credentials: Credentials,
    pub(crate) database: u32,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) push: Option<PushSink>,
}

impl Opening {
    /// How connections for commands are opened.
    pub(crate) fn new(settings: &Arc<Settings>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            settings: Arc::clone(settings),
            credentials: settings.credentials.clone(),
            database: settings.database,
            clock: Arc::clone(clock),
            push: None,
        }
    }

    /// Opens a connection to `address`, no longer than the configuration allows.
    pub(crate) async fn open(self, address: Address) -> Result<Arc<Link>> {
        let clock = Arc::clone(&self.clock);
        let limit = self.settings.connect_timeout;
        let what = || format!("cannot connect to redis at `{address}`");
        let connecting = Box::pin(self.connect(&address));
        within(&*clock, limit, connecting, what).await.map(Arc::new)
    }

    async fn connect(self, address: &Address) -> Result<Link> {
        let place = (address.host.as_str(), address.port);
        let stream = TcpStream::connect(place).await.map_err(|it| unreachable(address, it))?;
        stream.set_nodelay(true).map_err(|it| unreachable(address, it))?;
        let Some(tls) = &self.settings.tls else {
            return self.greet(address, stream).await;
        };
        let name = tls.server_name(address)?;
        let stream = tls.connector.connect(name, stream).await;
        self.greet(address, stream.map_err(|it| handshake_failed(address, it))?).await
    }

    /// Authenticates, and selects the database.
    async fn greet<S>(&self, address: &Address, stream: S) -> Result<Link>
    where
        S: Unpin + AsyncRead + AsyncWrite + Send + 'static,
    {
        let mut login = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_skip_set_lib_name()
            .set_db(self.database.into());
        if let Some(user) = &self.credentials.user {
            login = login.set_username(user);
        }
        if let Some(password) = &self.credentials.password {
            login = login.set_password(password.expose());
        }
        let mut config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(None)
            .set_concurrency_limit(self.settings.in_flight_max);
        if let Some(push) = self.push.clone() {
            config = config.set_push_sender(move |it| -> Result<(), ()> {
                push(it);
                Ok(())
            });
        }
        let opened = MultiplexedConnection::new_with_config(&login, stream, config).await;
        let (connection, driver) = opened.map_err(|it| refused(&it, address))?;
        let driver = tokio::spawn(driver);
        Ok(Link { connection, driver })
    }
}

/// The error that an answer to the greeting is.
fn refused(error: &redis::RedisError, address: &Address) -> Error {
    let server = || match error.code() {
        Some("WRONGPASS") => {
            Some((ErrorKind::PermissionDenied, "refuses the user or the password"))
        }
        Some("NOAUTH") => Some((ErrorKind::PermissionDenied, "asks for a password")),
        Some("NOPERM") => Some((ErrorKind::PermissionDenied, "does not let this user connect")),
        Some("LOADING" | "MASTERDOWN") => Some((ErrorKind::Unavailable, "is not ready")),
        Some(_) => Some((ErrorKind::Unavailable, "does not accept the connection")),
        None => None,
    };
    match server() {
        Some((kind, problem)) => Error::new(kind, format!("redis at `{address}` {problem}")),
        None => Failure::of_client(error, address).into_error(),
    }
}

/// Runs `work` no longer than `limit`; beyond it the error says `what` was not possible.
pub(crate) async fn within<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl Future<Output = Result<T>>,
    what: impl FnOnce() -> String,
) -> Result<T> {
    let done = clock::within(clock, limit, work).await;
    done.unwrap_or_else(|| {
        let message = format!("{} within {} ms", what(), limit.as_millis());
        Err(Error::new(ErrorKind::Timeout, message))
    })
}
