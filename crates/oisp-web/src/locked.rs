//! What who has no token sees: a page that says what to do. And the way in for
//! who opens the link with it.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// Where the page's style is.
pub(crate) const STYLE: &str = "/locked.css";

const PAGE: &str = include_str!("locked/page.html");
const WAY_IN: &str = include_str!("locked/way-in.html");
const CSS: &str = include_str!("locked/locked.css");

/// Why somebody stands before the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nothing was shown.
    NoToken,
    /// The link holds another token.
    OldLink,
}

/// The page for strangers.
pub(crate) fn page(why: Why) -> Response {
    let why = match why {
        Why::NoToken => {
            "It shows what the AI programs on this machine say and do, so it opens \
                         only for who can show the sensor’s token."
        }
        Why::OldLink => {
            "This link holds another token: of another sensor, or one that is no \
                         longer in use."
        }
    };
    (StatusCode::UNAUTHORIZED, Html(PAGE.replace("{WHY}", why))).into_response()
}

/// The style of that page.
pub(crate) async fn style() -> Response {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    ([kind], CSS).into_response()
}

/// The cookie, and the clean address: the token stays in no history.
///
/// A browser sends a strict cookie with no request that another site began,
/// its redirects included. Who clicked the link there is led on by a page of
/// ours instead.
pub(crate) fn way_in(headers: &HeaderMap, cookie: HeaderValue) -> Response {
    let by_foreign_page = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "none" && site != "same-origin");
    let mut response = if by_foreign_page {
        Html(WAY_IN).into_response()
    } else {
        (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response()
    };
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}
