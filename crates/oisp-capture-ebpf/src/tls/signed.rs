//! Finding TLS functions by signatures, where no symbol names them.

use std::fs::File;

use oisp_ebpf_common::function::FUNCTIONS;

use super::{Carries, Stack, symbols};
use crate::signature::{Found, Outcome, Signatures};

/// What the signatures find in a file.
pub(crate) fn look_into(signatures: &Signatures, file: &File) -> Carries {
    match signatures.find(file) {
        Outcome::Found(found) => Carries::Tls(vec![stack(found)]),
        Outcome::Refused { why } => Carries::Unsure(why),
        Outcome::Absent => Carries::Nothing,
    }
}

fn stack(found: Found) -> Stack {
    let functions: Vec<_> = found
        .functions
        .iter()
        .filter_map(|(number, offset)| {
            let function = FUNCTIONS
                .into_iter()
                .find(|function| function.number == *number);
            Some((function?, *offset))
        })
        .collect();
    Stack {
        name: found.library,
        found_by: "signature",
        places: symbols::places(&functions),
    }
}

#[cfg(test)]
mod tests {
    use oisp_ebpf_common::function::{SSL_FREE, SSL_READ, SSL_WRITE};

    use super::*;
    use crate::tls::{Hook, Place};

    #[test]
    fn each_function_is_probed_where_it_says_something() {
        let stack = stack(Found {
            name: "made-up".into(),
            library: "BoringSSL".into(),
            version: "1".into(),
            functions: vec![(SSL_READ, 10), (SSL_WRITE, 20), (SSL_FREE, 30)],
        });
        let place = |offset, function, hook| Place {
            offset,
            function,
            hook,
        };
        assert_eq!(stack.name, "BoringSSL");
        assert_eq!(
            stack.places,
            [
                place(10, SSL_READ, Hook::TlsEntry),
                place(10, SSL_READ, Hook::TlsReturn),
                place(20, SSL_WRITE, Hook::TlsEntry),
                place(20, SSL_WRITE, Hook::TlsReturn),
                place(30, SSL_FREE, Hook::TlsEntry),
            ]
        );
    }
}
