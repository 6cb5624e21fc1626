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
use serde::de::DeserializeOwned;

use super::Accepted;

/// An export request.
pub(crate) trait ExportRequest: Message + Clone + Serialize + 'static {
    /// Where gRPC finds the service.
    const GRPC_PATH: &'static str;
    /// What answers it.
    type Response: Message + Default + DeserializeOwned + 'static;

    /// What the answer says of the items.
    fn accepted(response: Self::Response) -> Accepted;
}

fn accepted(rejected: i64, message: String) -> Accepted {
    Accepted {
        rejected: u64::try_from(rejected).unwrap_or_default(),
        message,
    }
}

impl ExportRequest for ExportLogsServiceRequest {
    const GRPC_PATH: &'static str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    type Response = ExportLogsServiceResponse;

    fn accepted(response: Self::Response) -> Accepted {
        let partial = response.partial_success.unwrap_or_default();
        accepted(partial.rejected_log_records, partial.error_message)
    }
}

impl ExportRequest for ExportTraceServiceRequest {
    const GRPC_PATH: &'static str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    type Response = ExportTraceServiceResponse;

    fn accepted(response: Self::Response) -> Accepted {
        let partial = response.partial_success.unwrap_or_default();
        accepted(partial.rejected_spans, partial.error_message)
    }
}

impl ExportRequest for ExportMetricsServiceRequest {
    const GRPC_PATH: &'static str =
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    type Response = ExportMetricsServiceResponse;

    fn accepted(response: Self::Response) -> Accepted {
        let partial = response.partial_success.unwrap_or_default();
        accepted(partial.rejected_data_points, partial.error_message)
    }
}
