//! Payloads of `network.connect`, `network.accept`, `network.flow` and
//! `network.dns`.

use std::net::IpAddr;

use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::Timestamp;

/// One end of a connection.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Address.
    pub ip: IpAddr,
    /// Port.
    pub port: u16,
    /// Name, where it is known by truthful means.
    pub domain: Option<String>,
    /// Not an address of the public internet.
    pub is_private: bool,
}

/// What is known of the TLS session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// The name that the client asked the certificate for.
    pub sni: String,
}

/// A process asked for a connection.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Connect {
    /// The other end.
    pub dest: Endpoint,
    /// Its own end.
    pub src: Option<Endpoint>,
    /// Always `tcp`.
    pub protocol: &'static str,
    /// It got it.
    pub success: bool,
    /// Why not.
    pub error: Option<String>,
    /// From the request to the answer, milliseconds.
    pub latency_ms: Option<f64>,
}

/// A process took a connection.
#[derive(Clone, Debug, Serialize)]
pub struct Accept {
    /// The other end.
    pub src: Endpoint,
    /// Its own end.
    pub dest: Endpoint,
    /// Always `tcp`.
    pub protocol: &'static str,
}

/// A connection, now that it has ended.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Flow {
    /// The end that was asked; the other end where that is not known.
    pub dest: Endpoint,
    /// The end that asked.
    pub src: Endpoint,
    /// Always `tcp`.
    pub protocol: &'static str,
    /// `outbound` or `inbound`, seen from the process.
    pub direction: Option<&'static str>,
    /// Bytes that the process sent.
    pub bytes_sent: Option<u64>,
    /// Bytes that it received.
    pub bytes_received: Option<u64>,
    /// How long it was open, milliseconds.
    pub duration_ms: Option<u64>,
    /// When it began.
    pub start_time: Option<Timestamp>,
    /// When it ended.
    pub end_time: Timestamp,
    /// The TLS session, where one was seen.
    pub tls: Option<Tls>,
}

/// A name was resolved.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Dns {
    /// The name that was asked for.
    pub query_name: String,
    /// Type of the question, in the schema's words.
    pub query_type: &'static str,
    /// How it went, in the schema's words.
    pub response_code: &'static str,
    /// The addresses in the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<DnsAnswer>,
    /// Who answered.
    pub resolver: Option<String>,
    /// From the question to the answer, milliseconds.
    pub latency_ms: Option<f64>,
}

/// An address in an answer.
#[derive(Clone, Debug, Serialize)]
pub struct DnsAnswer {
    /// `A` or `AAAA`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The address.
    pub value: IpAddr,
}
