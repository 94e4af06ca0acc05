//! Encryption: what rustls needs, handed to it, so that no provider is installed for the process.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use crate::error::{Error, Result};
use crate::redis::config::RedisTls;
use crate::redis::settings::{Address, invalid};

/// How to speak TLS with a server.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) connector: tokio_rustls::TlsConnector,
    server_name: Option<ServerName<'static>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files that `config` names.
    pub(crate) fn of(config: &RedisTls) -> Result<Self> {
        let roots = match &config.ca_file {
            Some(path) => authorities(path)?,
            None => native_authorities()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|it| invalid("tls", &format!("cannot be used: {it}")))?
            .with_root_certificates(roots);
        let client = match (&config.certificate_file, &config.key_file) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain = certificates("tls.certificate_file", certificate)?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|it| unreadable("tls.key_file", key, &it))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|it| invalid("tls.key_file", &format!("does not fit: {it}")))?
            }
            _ => {
                let problem = "must be given together with `redis.tls.key_file`";
                return Err(invalid("tls.certificate_file", problem));
            }
        };
        let name = |it: &String| {
            let is_invalid =
                |_| invalid("tls.server_name", &format!("`{it}` is not a name of a host"));
            ServerName::try_from(it.clone()).map_err(is_invalid)
        };
        let server_name = config.server_name.as_ref().map(name).transpose()?;
        Ok(Self { connector: Arc::new(client).into(), server_name })
    }

    /// The name that the certificate of the server at `address` must have.
    pub(crate) fn server_name(&self, address: &Address) -> Result<ServerName<'static>> {
        if let Some(name) = &self.server_name {
            return Ok(name.clone());
        }
        let is_invalid =
            |_| invalid("nodes", &format!("`{address}` has no name that a certificate has"));
        ServerName::try_from(address.host.clone()).map_err(is_invalid)
    }
}

/// The authorities in a PEM file.
fn authorities(path: &Path) -> Result<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in certificates("tls.ca_file", path)? {
        roots.add(certificate).map_err(|it| unreadable("tls.ca_file", path, &it))?;
    }
    Ok(roots)
}

/// The authorities that the operating system trusts.
fn native_authorities() -> Result<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(invalid("tls.ca_file", "is not given, and the operating system trusts nobody"));
    }
    Ok(roots)
}

/// The certificates in a PEM file, of which there must be one.
fn certificates(field: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = |it| unreadable(field, path, &it);
    let chain = CertificateDer::pem_file_iter(path).map_err(read)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(read)?;
    match chain.len() {
        0 => Err(invalid(field, &format!("names `{}`, which has no certificate", path.display()))),
        _ => Ok(chain),
    }
}

fn unreadable(field: &str, path: &Path, reason: &dyn fmt::Display) -> Error {
    invalid(field, &format!("names `{}`, which cannot be read: {reason}", path.display()))
}
