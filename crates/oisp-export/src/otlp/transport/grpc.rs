//! OTLP over gRPC (OTLP specification, "OTLP/gRPC").

use std::error::Error as _;
use std::time::Duration;

use http::uri::PathAndQuery;
use hyper_rustls::HttpsConnectorBuilder;
use tonic::client::Grpc as Client;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use super::super::config::Compression;
use super::super::settings::{Route, SettingsError};
use super::signals::ExportRequest;
use super::{Accepted, SendError, chain, quoted};

/// The largest answer that is read.
const MAX_ANSWER: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Grpc {
    client: Client<Channel>,
    metadata: MetadataMap,
    timeout: Duration,
}

impl Grpc {
    pub fn new(route: &Route) -> Result<Self, SettingsError> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(route.tls.client()?)
            .https_or_http()
            .enable_http2()
            .build();
        let endpoint = Endpoint::from(route.endpoint.clone())
            .user_agent(concat!("oisp-sensor/", env!("CARGO_PKG_VERSION")))?;
        let channel = endpoint.connect_with_connector_lazy(connector);
        let mut client = Client::new(channel).max_decoding_message_size(MAX_ANSWER);
        if route.compression == Compression::Gzip {
            client = client
                .send_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Gzip);
        }
        Ok(Self {
            client,
            metadata: MetadataMap::from_headers(route.headers.clone()),
            timeout: route.timeout,
        })
    }

    pub async fn send<R: ExportRequest>(&self, request: &R) -> Result<Accepted, SendError> {
        let mut client = self.client.clone();
        client.ready().await.map_err(|error| {
            let reason = format!("cannot connect: {}", chain(&error));
            SendError::retry(reason, None)
        })?;
        let mut request = Request::new(request.clone());
        *request.metadata_mut() = self.metadata.clone();
        request.set_timeout(self.timeout);
        let path = PathAndQuery::from_static(R::GRPC_PATH);
        let codec = ProstCodec::<R, R::Response>::default();
        match client.unary(request, path, codec).await {
            Ok(response) => Ok(R::accepted(response.into_inner())),
            Err(status) => Err(error_of(&status)),
        }
    }
}

/// What a status means, by the table of the specification.
fn error_of(status: &Status) -> SendError {
    if status.source().is_some() {
        // Made here, of what happened to the connection: no receiver said it.
        let reason = format!("the connection failed: {}", chain(status));
        return SendError::retry(reason, None);
    }
    let name = format!("the receiver answered {:?}", status.code());
    let reason = quoted(&name, status.message());
    let after = retry_info(status);
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => SendError::retry(reason, after),
        Code::ResourceExhausted if after.is_some() => SendError::retry(reason, after),
        // A message that is too large; otherwise the receiver cannot recover.
        Code::ResourceExhausted if status.message().contains("larger") => {
            SendError::Refused(reason)
        }
        Code::InvalidArgument => SendError::Refused(reason),
        Code::Unauthenticated | Code::PermissionDenied => SendError::misconfigured(format!(
            "{reason}; mend headers, api_key, bearer_token or tls of this sink, its events wait"
        )),
        Code::Unimplemented => SendError::misconfigured(format!(
            "{reason}; mend endpoint and protocol, or turn off the signal, events wait"
        )),
        _ => SendError::Never(reason),
    }
}

fn retry_info(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeliverError;

    fn kind(code: Code) -> &'static str {
        match error_of(&Status::new(code, "made up")) {
            SendError::Again(DeliverError::Misconfigured(_)) => "misconfigured",
            SendError::Again(_) => "again",
            SendError::Refused(_) => "refused",
            SendError::Never(_) => "never",
        }
    }

    #[test]
    fn codes_mean_what_the_specification_says() {
        for (code, meaning) in [
            (Code::Cancelled, "again"),
            (Code::DeadlineExceeded, "again"),
            (Code::Aborted, "again"),
            (Code::OutOfRange, "again"),
            (Code::Unavailable, "again"),
            (Code::DataLoss, "again"),
            (Code::ResourceExhausted, "never"),
            (Code::Unknown, "never"),
            (Code::Internal, "never"),
            (Code::NotFound, "never"),
            (Code::AlreadyExists, "never"),
            (Code::FailedPrecondition, "never"),
            (Code::InvalidArgument, "refused"),
            (Code::Unauthenticated, "misconfigured"),
            (Code::PermissionDenied, "misconfigured"),
            (Code::Unimplemented, "misconfigured"),
        ] {
            assert_eq!(kind(code), meaning, "{code:?}");
        }
        let large = Status::resource_exhausted("received message larger than max (5 vs. 4)");
        assert!(matches!(error_of(&large), SendError::Refused(_)));
    }
}
