//! Why a connection was not made, by Linux's error numbers (errno(3)).

/// The error's name and words for it.
pub(super) fn of(number: i32) -> Option<(&'static str, &'static str)> {
    Some(match number {
        1 => ("EPERM", "operation not permitted"),
        4 => ("EINTR", "interrupted"),
        13 => ("EACCES", "permission denied"),
        97 => ("EAFNOSUPPORT", "address family not supported"),
        98 => ("EADDRINUSE", "address already in use"),
        99 => ("EADDRNOTAVAIL", "address not available"),
        100 => ("ENETDOWN", "network is down"),
        101 => ("ENETUNREACH", "network unreachable"),
        103 => ("ECONNABORTED", "connection aborted"),
        104 => ("ECONNRESET", "connection reset"),
        110 => ("ETIMEDOUT", "timeout"),
        111 => ("ECONNREFUSED", "connection refused"),
        112 => ("EHOSTDOWN", "host is down"),
        113 => ("EHOSTUNREACH", "no route to host"),
        125 => ("ECANCELED", "canceled"),
        _ => return None,
    })
}
