//! A client on rustls, for the matrix of runtimes (`make test-runtimes`): the
//! arguments are LIBRARY BASE CA LABEL COUNT, LIBRARY being of no use here. Calls
//! run one after the other, each on a connection of its own. With LINGER=1 it says
//! `done` and waits for the end of its input.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [_, base, ca, label, count] = arguments.as_slice() else {
        return Err("usage: rustls_client LIBRARY BASE CA LABEL COUNT".into());
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let port = base.rsplit(':').next().ok_or("no port")?.parse()?;
    for number in 0..count.parse()? {
        call(&config, port, &format!("{label}-{number}"))?;
    }
    if std::env::var_os("LINGER").is_some() {
        writeln!(std::io::stdout(), "done")?;
        std::io::stdin().read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

fn call(config: &Arc<ClientConfig>, port: u16, label: &str) -> Result<(), Box<dyn Error>> {
    let filler = "Every byte of this prompt counts. ".repeat(60);
    let content = format!("{filler}{label}. [[bytes=3000]]");
    let message = serde_json::json!({"role": "user", "content": content});
    let body = serde_json::json!({"model": "gpt-4o-mini", "messages": [message]}).to_string();
    let name = ServerName::try_from("localhost")?;
    let connection = ClientConnection::new(Arc::clone(config), name)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", port))?);
    let length = body.len();
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost:{port}\r\n\
         authorization: Bearer sk-test-made-up-0000\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    if answer.starts_with(b"HTTP/1.1 200 ") {
        Ok(())
    } else {
        Err("the answer is no success".into())
    }
}
