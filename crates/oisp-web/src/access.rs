//! Who may ask for what. One layer around all routes; no handler checks again.
//!
//! - `/api/health`, `/api/live` and `/api/ready` answer everybody, and tell
//!   nothing of content.
//! - All else takes the sensor's token: in the cookie that a browser gets by
//!   opening `/?token=…` once, or as `Authorization: Bearer …`. Where the user
//!   opened reads, reading takes none.
//! - What changes something takes it always; from the cookie only where the
//!   browser says that the dashboard's own page asks.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::WebConfig;
use crate::cookie;
use crate::locked;
use crate::reply::Refusal;
use crate::token::Token;

/// What everybody may have: whether the sensor works, and what the page for
/// strangers is made of.
const OPEN: [&str; 5] = [
    "/api/health",
    "/api/live",
    "/api/ready",
    locked::STYLE,
    "/favicon.svg",
];

/// The rules of one dashboard.
#[derive(Debug)]
pub(crate) struct Access {
    token: Option<Token>,
    open_reads: bool,
    tls: bool,
}

/// Who asks, for handlers that tell some more than others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Anybody on this machine.
    Stranger,
    /// May read all there is.
    Reader,
}

/// How the token was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Bearer,
    Cookie,
    Not,
}

impl Access {
    /// The rules of that configuration.
    pub(crate) fn new(config: &WebConfig) -> Self {
        Self {
            token: config.token.clone(),
            open_reads: config.open_reads,
            tls: config.tls.is_some(),
        }
    }

    fn check(&self, request: &Request) -> Result<Caller, Refusal> {
        let shown = self.shown(request.headers());
        if is_read(request.method()) {
            return match shown {
                Shown::Bearer | Shown::Cookie => Ok(Caller::Reader),
                Shown::Not if self.open_reads => Ok(Caller::Reader),
                Shown::Not if OPEN.contains(&request.uri().path()) => Ok(Caller::Stranger),
                Shown::Not => Err(self.token_needed()),
            };
        }
        match shown {
            Shown::Bearer => Ok(Caller::Reader),
            Shown::Cookie if is_own_page(request.headers()) => Ok(Caller::Reader),
            Shown::Cookie => Err(not_from_page()),
            Shown::Not => Err(self.token_needed()),
        }
    }

    fn shown(&self, headers: &HeaderMap) -> Shown {
        let Some(token) = &self.token else {
            return Shown::Not;
        };
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        if bearer.is_some_and(|shown| token.is(shown)) {
            return Shown::Bearer;
        }
        // One that is wrong is not made good by the browser's cookie.
        if bearer.is_none() && cookie::tokens(headers).any(|shown| token.is(shown)) {
            return Shown::Cookie;
        }
        Shown::Not
    }

    fn token_needed(&self) -> Refusal {
        if self.token.is_none() {
            let message = "this dashboard has no token: nothing can be asked of it";
            return Refusal::new(StatusCode::FORBIDDEN, "no_token", message);
        }
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "token_needed",
            "send `Authorization: Bearer TOKEN`, or open the link that the sensor printed at its \
             start; `oisp-sensor status`, as the user who runs the sensor, prints it again",
        )
    }

    /// The answer to `/?token=…`: the cookie and the way to the clean address,
    /// or the page for strangers.
    fn enter(&self, request: &Request) -> Option<Response> {
        let shown = entering(request)?;
        if !self.token.as_ref().is_some_and(|token| token.is(&shown)) {
            return Some(locked::page(locked::Why::OldLink));
        }
        let cookie = cookie::entry(request.headers(), &shown, self.tls)?;
        Some(locked::way_in(request.headers(), cookie))
    }
}

/// The layer.
pub(crate) async fn enforce(
    State(access): State<Arc<Access>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(response) = access.enter(&request) {
        return response;
    }
    match access.check(&request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(_) if is_page(&request) => locked::page(locked::Why::NoToken),
        Err(refusal) => {
            tracing::debug!(
                path = request.uri().path(),
                reason = refusal.code(),
                "dashboard request refused"
            );
            let mut response = refusal.into_response();
            if response.status() == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(
                    header::WWW_AUTHENTICATE,
                    header::HeaderValue::from_static("Bearer"),
                );
            }
            response
        }
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The cookie comes along with whatever a browser sends. The guard has let in
/// no foreign page that says so; here the browser must say that it is ours.
fn is_own_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
        || headers
            .get("sec-fetch-site")
            .is_some_and(|site| site == "same-origin")
}

fn not_from_page() -> Refusal {
    let message = "a change by cookie is taken from the dashboard's own page only; \
                   a program sends `Authorization: Bearer TOKEN`";
    Refusal::new(StatusCode::FORBIDDEN, "origin_needed", message)
}

/// A place of the page, not of the API, and no file of the page's either.
fn is_page(request: &Request) -> bool {
    let path = request.uri().path();
    is_read(request.method())
        && !path.starts_with("/api")
        && !path.contains('.')
        && !matches!(path, "/ws" | "/metrics")
}

/// The token in the address of a page.
fn entering(request: &Request) -> Option<String> {
    let token = is_page(request).then(|| query_token(request.uri()))?;
    token.filter(|_| request.method() == Method::GET)
}

fn query_token(uri: &Uri) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    pairs
        .into_iter()
        .find_map(|(name, value)| (name == "token").then_some(value))
}
