//! The dashboard over TLS: with the certificate that was given, for who trusts
//! it, whatever else hangs on the port; and what is said of a wrong one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{locked, sensor};
use oisp_web::{TlsFiles, WebConfig, bind};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A certificate for localhost, in files, and what trusts it.
fn certificate(dir: &Path) -> (TlsFiles, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(vec![String::from("localhost")]).unwrap();
    let files = TlsFiles {
        cert: dir.join("cert.pem"),
        key: dir.join("key.pem"),
    };
    std::fs::write(&files.cert, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(made.cert.der().to_vec()))
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (files, TlsConnector::from(Arc::new(client)))
}

fn config(tls: TlsFiles) -> WebConfig {
    WebConfig {
        addr: ([127, 0, 0, 1], 0).into(),
        tls: Some(tls),
        ..locked()
    }
}

#[tokio::test]
async fn it_answers_over_tls_though_others_hang_on_the_port() {
    let dir = tempfile::tempdir().unwrap();
    let (files, connector) = certificate(dir.path());
    let server = bind(config(files)).await.unwrap();
    assert_eq!(server.scheme(), "https");
    let addr = server.addr();
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(sensor(1).0, async {
        let _ = stopping.await;
    }));
    // One says nothing, one speaks plain HTTP.
    let _silent = TcpStream::connect(addr).await.unwrap();
    let mut plain = TcpStream::connect(addr).await.unwrap();
    plain.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(addr).await.unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let request = format!(
        "GET /?token=made-up-token HTTP/1.0\r\nhost: localhost:{}\r\n\r\n",
        addr.port()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 303"), "{answer}");
    assert!(answer.contains("SameSite=Strict; Secure"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_wrong_file_is_named_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (good, _) = certificate(dir.path());
    let other = tempfile::tempdir().unwrap();
    let (other_pair, _) = certificate(other.path());
    let empty = dir.path().join("empty.pem");
    std::fs::write(&empty, "no pem\n").unwrap();
    let missing = dir.path().join("missing.pem");
    for (cert, key, named, reason) in [
        (&missing, &good.key, &missing, "--tls-cert"),
        (&empty, &good.key, &empty, "holds no certificate"),
        (&good.cert, &missing, &missing, "--tls-key"),
        (&good.cert, &empty, &empty, "the key"),
        (&good.cert, &other_pair.key, &good.cert, "cannot be used"),
    ] {
        let files = TlsFiles {
            cert: cert.clone(),
            key: key.clone(),
        };
        let error = bind(config(files)).await.unwrap_err().to_string();
        assert!(error.contains(&named.display().to_string()), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}
