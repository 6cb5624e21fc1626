//! The keys of `[[export.websocket]]`.

use std::net::IpAddr;

use oisp_config::{EventFilter, SecretSource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, DEFAULT_NAME, full_name};

/// A WebSocket that other programs get events from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebsocketConfig {
    /// Tells servers apart: figures are kept under "websocket.NAME".
    pub name: String,
    /// Whether it is served.
    pub enabled: bool,
    /// Which events programs may get.
    pub filter: EventFilter,
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on; 0: any that is free.
    pub port: u16,
    /// Whether host may be an address that other machines reach. Everybody who
    /// has the token can then read the events on their way.
    pub allow_remote: bool,
    /// What a program must show. Without it, the sensor's own token.
    pub token: Option<SecretSource>,
    /// Most programs at once.
    pub max_clients: usize,
}

impl Default for WebsocketConfig {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.into(),
            enabled: true,
            filter: EventFilter::default(),
            host: IpAddr::from([127, 0, 0, 1]),
            port: 7778,
            allow_remote: false,
            token: None,
            max_clients: 32,
        }
    }
}

impl WebsocketConfig {
    /// The server's name in figures and messages.
    pub fn full_name(&self) -> String {
        full_name("websocket", &self.name)
    }

    /// What is wrong with it, short of what only the system knows.
    ///
    /// # Errors
    /// With the first key that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !self.host.is_loopback() && !self.allow_remote {
            let problem = format!(
                "other machines reach {}: listen on 127.0.0.1, or set allow_remote = true",
                self.host
            );
            return Err(ConfigError::new("host", problem));
        }
        if !(1..=1024).contains(&self.max_clients) {
            let problem = format!("{} is not from 1 to 1024", self.max_clients);
            return Err(ConfigError::new("max_clients", problem));
        }
        Ok(())
    }
}
