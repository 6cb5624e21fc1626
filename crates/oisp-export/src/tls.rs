//! TLS towards receivers: rustls on ring, the system's authorities or a file's,
//! and a certificate of our own where the receiver asks for one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a receiver and we know each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// File of the authorities, in PEM, that alone may vouch for the receiver.
    /// Without it, those of the system.
    pub ca_file: Option<PathBuf>,
    /// File of our own certificate and its chain, in PEM. Needs key_file.
    pub cert_file: Option<PathBuf>,
    /// File of the private key for cert_file, in PEM.
    pub key_file: Option<PathBuf>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as PEM.
    #[error("tls.{key}: cannot read {}: {source}", path.display())]
    Pem {
        /// The key of the configuration.
        key: &'static str,
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// A file holds nothing of what is looked for.
    #[error("tls.{key}: {} holds no certificate in PEM", path.display())]
    Empty {
        /// The key of the configuration.
        key: &'static str,
        /// Its file.
        path: PathBuf,
    },
    /// One of the two is missing.
    #[error("tls.cert_file and tls.key_file go together: set both or none")]
    Half,
    /// The certificates or the key are of no use.
    #[error("the certificates of tls cannot be used: {0}")]
    Rustls(#[from] rustls::Error),
}

impl TlsConfig {
    /// Settings for a client.
    ///
    /// # Errors
    /// When a file cannot be read or is not what it should be.
    pub fn client(&self) -> Result<ClientConfig, TlsError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.ca_file {
            Some(path) => builder.with_root_certificates(authorities(path)?),
            None => builder.with_platform_verifier()?,
        };
        self.with_own_certificate(builder)
    }

    fn with_own_certificate(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, TlsError> {
        match (&self.cert_file, &self.key_file) {
            (None, None) => Ok(builder.with_no_client_auth()),
            (Some(cert), Some(key)) => {
                let chain = certificates("cert_file", cert)?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable("key_file", key))?;
                Ok(builder.with_client_auth_cert(chain, key)?)
            }
            _ => Err(TlsError::Half),
        }
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca_file", path)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(unreadable(key, path))?;
    match certificates.is_empty() {
        false => Ok(certificates),
        true => Err(TlsError::Empty {
            key,
            path: path.to_owned(),
        }),
    }
}

fn unreadable(
    key: &'static str,
    path: &Path,
) -> impl FnOnce(rustls::pki_types::pem::Error) -> TlsError {
    move |source| TlsError::Pem {
        key,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_names_its_key_and_file() {
        let directory = tempfile::tempdir().unwrap();
        let empty = directory.path().join("empty.pem");
        std::fs::write(&empty, "nothing\n").unwrap();
        let with = |config: TlsConfig| config.client().unwrap_err().to_string();
        let missing = with(TlsConfig {
            ca_file: Some(directory.path().join("none.pem")),
            ..TlsConfig::default()
        });
        assert!(missing.contains("tls.ca_file") && missing.contains("none.pem"));
        let no_certificate = with(TlsConfig {
            ca_file: Some(empty.clone()),
            ..TlsConfig::default()
        });
        assert!(
            no_certificate.contains("holds no certificate"),
            "{no_certificate}"
        );
        let half = with(TlsConfig {
            key_file: Some(empty),
            ..TlsConfig::default()
        });
        assert!(half.contains("go together"), "{half}");
    }
}
