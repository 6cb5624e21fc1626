//! Systems without a reader of their own: what the environment tells.

pub(super) fn hostname() -> Option<String> {
    std::env::var("COMPUTERNAME")
        .or_else(|_| std::env::var("HOSTNAME"))
        .ok()
}

pub(super) const fn kernel_version() -> Option<String> {
    None
}

pub(super) const fn device_id() -> Option<String> {
    None
}

pub(super) const fn os_version() -> Option<String> {
    None
}

pub(super) const fn cloud() -> Option<oisp_core::event::Cloud> {
    None
}
