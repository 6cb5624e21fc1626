//! Asks a sensor that runs on this machine, as the commands do that tell of it.

use std::io;
use std::time::Duration;

use serde_json::Value;
use ureq::http::StatusCode;
use ureq::tls::TlsConfig;

use crate::token;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const MOST: u64 = 64 << 20;

/// A sensor, by the port of its dashboard.
pub struct Sensor {
    port: u16,
    agent: ureq::Agent,
}

/// Why it gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Nobody listens there.
    #[error(
        "no sensor answers on port {port}: {source}; start one with `oisp-sensor record`, or name \
         its port with `--port N`"
    )]
    Nobody {
        /// Where.
        port: u16,
        /// What happened.
        source: Box<ureq::Error>,
    },
    /// It takes a token.
    #[error(
        "the sensor on port {port} answers only to the user who started it, and the token cannot \
         be read: {source}; run this as that user, with sudo where the sensor runs as root"
    )]
    NoToken {
        /// Where.
        port: u16,
        /// What happened to the file.
        source: io::Error,
    },
    /// It takes another token.
    #[error(
        "the sensor on port {port} does not take this user's token; run this as the user who \
         started it, with sudo where the sensor runs as root"
    )]
    OtherToken {
        /// Where.
        port: u16,
    },
    /// Something else listens there.
    #[error(
        "what answers on port {port} is no sensor: {what}; name the sensor's port with `--port N`"
    )]
    NoSensor {
        /// Where.
        port: u16,
        /// What it answered.
        what: String,
    },
}

impl Sensor {
    /// The one on that port.
    pub fn on(port: u16) -> Self {
        let own_certificate = TlsConfig::builder().disable_verification(true).build();
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            // To this machine's own port no proxy leads.
            .proxy(None)
            .tls_config(own_certificate)
            .build();
        Self {
            port,
            agent: config.into(),
        }
    }

    /// What it answers, as JSON. Shows the token only where it is asked for.
    ///
    /// # Errors
    /// When there is none, or it does not tell this user.
    pub fn get(&self, path: &str) -> Result<Value, Unanswered> {
        self.ask(path).map(|(_, answer)| answer)
    }

    /// Under which scheme it answers.
    ///
    /// # Errors
    /// When there is no sensor.
    pub fn scheme(&self) -> Result<&'static str, Unanswered> {
        self.ask("/api/live").map(|(scheme, _)| scheme)
    }

    fn ask(&self, path: &str) -> Result<(&'static str, Value), Unanswered> {
        let (scheme, mut answer) = self.send(path, None)?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let token = token::kept().map_err(|source| Unanswered::NoToken {
                port: self.port,
                source,
            })?;
            answer = self.send(path, Some(token.expose()))?.1;
        }
        match answer.status() {
            StatusCode::OK => self.json(&mut answer).map(|json| (scheme, json)),
            StatusCode::UNAUTHORIZED => Err(Unanswered::OtherToken { port: self.port }),
            status => Err(self.no_sensor(format!("it answers {status}"))),
        }
    }

    /// By HTTP, and where that fails by TLS: it is known to the sensor only
    /// which of them it speaks.
    fn send(
        &self,
        path: &str,
        token: Option<&str>,
    ) -> Result<(&'static str, ureq::http::Response<ureq::Body>), Unanswered> {
        let plain = match self.send_by("http", path, token) {
            Ok(answer) => return Ok(("http", answer)),
            Err(error) => error,
        };
        match self.send_by("https", path, token) {
            Ok(answer) => Ok(("https", answer)),
            Err(_) => Err(Unanswered::Nobody {
                port: self.port,
                source: Box::new(plain),
            }),
        }
    }

    fn send_by(
        &self,
        scheme: &str,
        path: &str,
        token: Option<&str>,
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let request = self
            .agent
            .get(format!("{scheme}://127.0.0.1:{}{path}", self.port));
        match token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
        .call()
    }

    fn json(&self, answer: &mut ureq::http::Response<ureq::Body>) -> Result<Value, Unanswered> {
        let text = answer.body_mut().with_config().limit(MOST).read_to_string();
        let text = text.map_err(|error| self.no_sensor(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| self.no_sensor(error.to_string()))
    }

    const fn no_sensor(&self, what: String) -> Unanswered {
        Unanswered::NoSensor {
            port: self.port,
            what,
        }
    }
}
