//! A certificate authority that lives as long as the provider, and the one
//! certificate that it signs.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;

use crate::Error;

/// The names that the provider answers to.
pub(crate) const NAMES: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "api.openai.com",
    "api.anthropic.com",
    "api.cohere.com",
    "generativelanguage.googleapis.com",
    "bedrock-runtime.us-east-1.amazonaws.com",
];

/// The CA certificate in PEM, and the server's TLS settings.
pub(crate) fn make() -> Result<(String, Arc<ServerConfig>), Error> {
    let authority = CertifiedIssuer::self_signed(authority_params(), KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = leaf_params()?.signed_by(&key, &authority)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), b"http/1.0".to_vec()];
    Ok((authority.pem(), Arc::new(config)))
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "OISP loopback test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}

fn leaf_params() -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    params
        .distinguished_name
        .push(DnType::CommonName, "OISP loopback provider");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
