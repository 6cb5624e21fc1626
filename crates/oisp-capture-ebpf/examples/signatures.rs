//! Tells what the signatures find in files: for those who add one.
//!
//! `cargo run --release -p oisp-capture-ebpf --example signatures -- [-d DIRECTORY]... FILE...`
#![allow(
    clippy::print_stdout,
    reason = "what it finds is what it is for; it is no part of the sensor"
)]

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::fs::File;
    use std::path::PathBuf;
    use std::time::Instant;

    use oisp_capture_ebpf::signature::{Outcome, Signatures};

    let mut directories = Vec::new();
    let mut files = Vec::new();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "-d" {
            directories.extend(arguments.next().map(PathBuf::from));
        } else {
            files.push(PathBuf::from(argument));
        }
    }
    let signatures = Signatures::load(&directories)?;
    for path in files {
        let start = Instant::now();
        let outcome = signatures.find(&File::open(&path)?);
        let took = start.elapsed().as_millis();
        let told = match outcome {
            Outcome::Absent => String::from("absent"),
            Outcome::Refused { why } => format!("refused: {why}"),
            Outcome::Found(found) => {
                let places = found.functions.iter();
                let places = places.map(|(number, offset)| format!("{number}:{offset:#x}"));
                let places: Vec<String> = places.collect();
                format!("{} {}: {}", found.name, found.version, places.join(" "))
            }
        };
        println!("{}: {told} ({took} ms)", path.display());
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
