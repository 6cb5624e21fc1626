//! What is captured without TLS: model servers over plain HTTP ([`ports`]), and
//! JSON-RPC over the standard streams of children ([`stdio`]).

pub(crate) mod ports;
pub(crate) mod stdio;
