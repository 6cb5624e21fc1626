//! Makes `data/prices.json` from a price list of `genai-prices`:
//! `cargo run -p oisp-registry --example prices -- FILE > NEW`.

use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("name the file: its data.json")?;
    let list = std::fs::read_to_string(path)?;
    std::io::stdout().write_all(oisp_registry::prune(&list)?.as_bytes())?;
    Ok(())
}
