//! Linux: read from /proc and /etc.

use std::fs;
use std::path::Path;

use oisp_core::event::Cloud;

use super::cloud;

pub(super) fn hostname() -> Option<String> {
    line_of("/proc/sys/kernel/hostname")
}

pub(super) fn kernel_version() -> Option<String> {
    line_of("/proc/sys/kernel/osrelease")
}

pub(super) fn device_id() -> Option<String> {
    line_of("/etc/machine-id")
}

pub(super) fn os_version() -> Option<String> {
    pretty_name(&fs::read_to_string("/etc/os-release").ok()?)
}

pub(super) fn cloud() -> Option<Cloud> {
    cloud::below(Path::new("/"))
}

fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches('"').to_owned())
}

fn line_of(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pretty_name_is_found() {
        assert_eq!(
            pretty_name("ID=debian\nPRETTY_NAME=\"Debian 12\"\n").as_deref(),
            Some("Debian 12")
        );
    }
}
