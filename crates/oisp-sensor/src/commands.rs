//! The commands, one file each.

pub mod decode;
pub mod demo;
pub mod doctor;
pub mod record;
pub mod show;
