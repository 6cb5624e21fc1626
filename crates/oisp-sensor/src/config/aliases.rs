//! Variables whose names are not made of their keys: short ones, and those that
//! say the opposite. All others are `OISP_` and the key.

use oisp_config::Alias;

const fn same(name: &'static str, key: &'static str) -> Alias {
    Alias {
        name,
        key,
        negated: false,
    }
}

const fn not(name: &'static str, key: &'static str) -> Alias {
    Alias {
        name,
        key,
        negated: true,
    }
}

/// All of them.
pub const ALIASES: &[Alias] = &[
    same("OISP_CPU_BUDGET", "capture.cpu_budget"),
    same("OISP_DURATION", "sensor.duration"),
    same("OISP_EXCLUDE", "capture.exclude"),
    same("OISP_INCLUDE", "capture.include"),
    same("OISP_LOG_LEVEL", "sensor.log_level"),
    not("OISP_NO_FILE", "capture.file"),
    not("OISP_NO_NETWORK", "capture.network"),
    same("OISP_NO_PLAIN_PORTS", "capture.plain.except"),
    not("OISP_NO_PROCESS_EVENTS", "capture.process"),
    not("OISP_NO_WEB", "web.enabled"),
    same("OISP_PID", "capture.pid_filter"),
    same("OISP_PLAIN_PORTS", "capture.plain.ports"),
    same("OISP_PRICES", "prices.source"),
    same("OISP_PROCESS", "capture.process_filter"),
    same("OISP_REGISTRY", "registry.source"),
    same("OISP_RING_MIB", "capture.ring_mib"),
    same("OISP_SAVE_CAPTURE", "capture.save"),
    same("OISP_SIGNATURES", "capture.signatures"),
    same("OISP_STDIO", "capture.stdio"),
    same("OISP_STREAM_CHUNKS", "capture.stream_chunks"),
];
