//! `/api/openapi.json`: the API's own description, OpenAPI 3.1. It is made of
//! the routes themselves: a route that is not described cannot be added.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, PathItem};
use utoipa::openapi::{OpenApi as Document, Ref, RefOr, Response as Described, ResponseBuilder};
use utoipa::{Modify, OpenApi, PartialSchema, ToSchema};

use crate::reply;
use crate::reply::ErrorBody;
use crate::router;

/// What the routes' descriptions are added to.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "OISP Sensor",
        description = "What AI programs on this machine say and do, and how the sensor is.\n\n\
            Everything but `/api/health`, `/api/live` and `/api/ready` takes the sensor's token: \
            `Authorization: Bearer TOKEN`, or the cookie of a browser that opened `/?token=TOKEN`. \
            Where the sensor runs with `--open-reads`, only changes do.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ErrorBody)),
    modifiers(&Doors),
    security(("bearer" = []), ("cookie" = [])),
    tags(
        (name = "state", description = "How the sensor is"),
        (name = "events", description = "What was seen"),
        (name = "metrics", description = "Figures"),
        (name = "filters", description = "Whose traffic is captured"),
    ),
)]
pub(crate) struct Base;

/// An event in the OISP v0.1 format. The schema of the format tells all of its
/// fields; here stand those that every event has.
pub(crate) struct Event;

impl PartialSchema for Event {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let always = ["oisp_version", "event_id", "event_type", "ts"];
        let object = always
            .into_iter()
            .fold(ObjectBuilder::new(), |object, name| {
                object.property(name, text()).required(name)
            });
        object
            .description(Some("An event in the OISP v0.1 format"))
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .into()
    }
}

impl ToSchema for Event {}

/// The ways to show the token.
struct Doors;

impl Modify for Doors {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        );
        let cookie = ApiKeyValue::with_description(
            "oisp_token",
            "followed by `_` and the port under which the browser knows the dashboard",
        );
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// What every route may answer: the layers around all of them.
const REFUSALS: [(&str, &str); 4] = [
    ("401", "The token is missing or wrong"),
    ("403", "A page of another site asked"),
    ("405", "Not with this method"),
    ("421", "Asked for under a name that is not the dashboard's"),
];

/// The description, complete.
pub(crate) fn document() -> Document {
    let (_, mut document) = router::described().split_for_parts();
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(add_refusals);
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

fn add_refusals(operation: &mut Operation) {
    let is_open = operation
        .security
        .as_ref()
        .is_some_and(|needed| !needed.is_empty());
    for (status, description) in REFUSALS {
        if status == "401" && is_open {
            continue;
        }
        operation
            .responses
            .responses
            .entry(String::from(status))
            .or_insert_with(|| RefOr::T(refusal(description)));
    }
}

fn refusal(description: &str) -> Described {
    let body = Content::new(Some(Ref::from_schema_name("Error")));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", body)
        .build()
}

/// This description.
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "state",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
)]
pub(crate) async fn read() -> Response {
    static DOCUMENT: LazyLock<Document> = LazyLock::new(document);
    reply::value(StatusCode::OK, &*DOCUMENT)
}
