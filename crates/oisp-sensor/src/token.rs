//! The token without which nothing can be changed by the dashboard's API: random,
//! made at each start, in a file that only its owner can read.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use crate::platform;

/// Where the token of the sensor that runs is.
pub fn path() -> Option<PathBuf> {
    Some(platform::state_dir()?.join("token"))
}

/// Makes a token and writes it to its file. Where that cannot be, there is none,
/// and the API only reads.
pub fn load() -> Option<String> {
    match make() {
        Ok(token) => Some(token),
        Err(error) => {
            tracing::warn!(%error, "no token can be kept; the API only reads");
            None
        }
    }
}

fn make() -> io::Result<String> {
    let path = path().ok_or_else(|| io::Error::other("no directory for it"))?;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let token = bytes.iter().fold(String::new(), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    });
    if let Some(directory) = path.parent() {
        platform::private_dir(directory)?;
    }
    platform::private_file(&path)?.write_all(token.as_bytes())?;
    Ok(token)
}
