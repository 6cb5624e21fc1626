//! The requests of the three signals and their answers.

use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde::Serialize;
use serde_json::Value;

use super::Accepted;

/// An export request.
pub(crate) trait ExportRequest: Message + Clone + Serialize + 'static {
    /// Where gRPC finds the service.
    const GRPC_PATH: &'static str;
    /// What JSON calls the number of rejected items.
    const REJECTED: &'static str;
    /// What answers it.
    type Response: Message + Default + 'static;

    /// What the answer says of the items.
    fn accepted(response: Self::Response) -> Accepted;
}

/// What an answer in JSON says of the items. The mapping of protobuf writes
/// 64-bit numbers as text, which the types of the proto do not read.
pub(super) fn accepted_json<R: ExportRequest>(answer: &Value) -> Accepted {
    let partial = answer.get("partialSuccess").unwrap_or(&Value::Null);
    let rejected = match partial.get(R::REJECTED) {
        Some(Value::String(number)) => number.parse().ok(),
        Some(number) => number.as_i64(),
        None => None,
    };
    let message = partial.get("errorMessage").and_then(Value::as_str);
    accepted(
        rejected.unwrap_or_default(),
        message.unwrap_or_default().to_owned(),
    )
}

fn accepted(rejected: i64, message: String) -> Accepted {
    Accepted {
        rejected: u64::try_from(rejected).unwrap_or_default(),
        message,
    }
}

impl ExportRequest for ExportLogsServiceRequest {
    const GRPC_PATH: &'static str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const REJECTED: &'static str = "rejectedLogRecords";
    type Response = ExportLogsServiceResponse;

    fn accepted(response: Self::Response) -> Accepted {
        let partial = response.partial_success.unwrap_or_default();
        accepted(partial.rejected_log_records, partial.error_message)
    }
}

impl ExportRequest for ExportTraceServiceRequest {
    const GRPC_PATH: &'static str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const REJECTED: &'static str = "rejectedSpans";
    type Response = ExportTraceServiceResponse;

    fn accepted(response: Self::Response) -> Accepted {
        let partial = response.partial_success.unwrap_or_default();
        accepted(partial.rejected_spans, partial.error_message)
    }
}

impl ExportRequest for ExportMetricsServiceRequest {
    const GRPC_PATH: &'static str =
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    const REJECTED: &'static str = "rejectedDataPoints";
    type Response = ExportMetricsServiceResponse;

    fn accepted(response: Self::Response) -> Accepted {
        let partial = response.partial_success.unwrap_or_default();
        accepted(partial.rejected_data_points, partial.error_message)
    }
}
