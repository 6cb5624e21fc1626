//! What tells of somebody and has no keyword: found by what it is made of and
//! by its check digits, in one pass over the digits of a text and one over its
//! `@`.

mod card;
mod crypto;
mod email;
mod groups;
mod iban;
mod ip;
mod numbers;
mod phone;

pub(crate) use email::find as emails;
pub(crate) use numbers::find as numbers;
