//! A Redis server that speaks TLS, with an authority of its own, and has users.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};

use crate::servers::redis::RedisServer;

/// Who may do what: `dq` what dq needs, with keys that begin with `dq:`.
const USERS: &str = "\
user default off
user admin on >adminpw ~* &* +@all
user dq on >dqpw ~dq:* &dq:* +@read +@write +@stream +@connection +@pubsub +@scripting +@transaction -@dangerous +info +time +cluster|slots
";

/// A certificate and its key, in PEM files.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate_file: PathBuf,
    pub(crate) key_file: PathBuf,
}

/// An authority, and what it has signed.
#[derive(Debug)]
pub(crate) struct Authority {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(crate) ca_file: PathBuf,
}

impl Authority {
    /// Makes one.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut parameters = CertificateParams::new(Vec::new()).expect("no names are valid names");
        parameters.distinguished_name.push(DnType::CommonName, "authority of a test");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(parameters, key).expect("it can be signed");
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, issuer.pem()).expect("the folder can be written");
        Self { folder, issuer, ca_file }
    }

    /// Signs a certificate for `name`, for a server on the loopback or a client.
    pub(crate) fn sign(&self, name: &str) -> Identity {
        let names = vec![name.to_owned(), "127.0.0.1".to_owned()];
        let mut parameters = CertificateParams::new(names).expect("the names are valid");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("it can be signed");
        let file = |ending: &str, text: String| {
            let path = self.folder.path().join(format!("{name}.{ending}"));
            std::fs::write(&path, text).expect("the folder can be written");
            path
        };
        Identity {
            certificate_file: file("pem", certificate.pem()),
            key_file: file("key", key.serialize_pem()),
        }
    }
}

/// A Redis server that speaks only TLS. Its user `dq` has the password `dqpw`.
#[derive(Debug)]
pub(crate) struct TlsRedis {
    pub(crate) server: RedisServer,
    pub(crate) authority: Authority,
}

impl TlsRedis {
    /// Starts one that asks clients for no certificate.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("no")
    }

    /// Starts one that refuses clients without a certificate of the authority.
    pub(crate) fn start_mutual() -> Option<Self> {
        Self::start_with("yes")
    }

    fn start_with(auth_clients: &str) -> Option<Self> {
        let authority = Authority::new();
        let identity = authority.sign("localhost");
        let users = authority.folder.path().join("users.acl");
        std::fs::write(&users, USERS).expect("the folder can be written");
        let path = |it: &PathBuf| it.display().to_string();
        let options = [
            ["--tls-port", "{port}"],
            ["--port", "0"],
            ["--tls-cert-file", &path(&identity.certificate_file)],
            ["--tls-key-file", &path(&identity.key_file)],
            ["--tls-ca-cert-file", &path(&authority.ca_file)],
            ["--tls-auth-clients", auth_clients],
            ["--aclfile", &path(&users)],
        ];
        let options: Vec<_> = options.as_flattened().iter().map(|it| (*it).to_owned()).collect();
        let server = RedisServer::start_with(&options, Some(("admin", "adminpw")))?;
        Some(Self { server, authority })
    }
}
