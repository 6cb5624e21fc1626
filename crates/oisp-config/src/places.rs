//! Where the configuration file is looked for.
//!
//! The first that exists is the one that is read; files are not joined. On
//! Linux and macOS: `$XDG_CONFIG_HOME/oisp-sensor/config.toml`, or
//! `~/.config/oisp-sensor/config.toml`; then `/etc/oisp-sensor/config.toml`.
//! Under `sudo` the home is that of the user who asked, because it is they who
//! wrote the file. On Windows: `%APPDATA%\oisp-sensor\config.toml`, then
//! `%ProgramData%\oisp-sensor\config.toml`.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::check_owner;
#[cfg(not(unix))]
pub use other::places;
#[cfg(unix)]
pub(crate) use unix::check_owner;
#[cfg(unix)]
pub use unix::places;
