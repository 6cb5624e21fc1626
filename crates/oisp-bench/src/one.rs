//! One piece of work, so many times: what is run below an instruction counter.

use std::hint::black_box;

use anyhow::{Context, bail};

use crate::corpus::{self, hostile};
use crate::decode;

/// `NAME decode|parse|hostile N`: decodes or parses a case N times, or decodes
/// N hostile bytes.
///
/// # Errors
/// Where there is no such work.
pub fn run(words: &[String]) -> anyhow::Result<()> {
    let [name, work, number] = words else {
        bail!("one needs NAME decode|parse|hostile N");
    };
    let number = number.parse().context("N is no number")?;
    match work.as_str() {
        "hostile" => decode_hostile(name, number),
        "decode" => repeat(number, decode::decoding(&corpus::named(name)?)),
        "parse" => {
            let case = corpus::named(name)?;
            repeat(number, || decode::parse(&case))
        }
        other => bail!("no work {other}; there are decode, parse and hostile"),
    }
}

fn repeat(times: usize, mut work: impl FnMut()) -> anyhow::Result<()> {
    (0..times).for_each(|_| work());
    Ok(())
}

fn decode_hostile(name: &str, bytes: usize) -> anyhow::Result<()> {
    let records = hostile::named(name, bytes).with_context(|| format!("no bytes {name}"))?;
    let mut decoder = corpus::decoder();
    let mut events = Vec::new();
    for raw in &records {
        decoder.push(raw, &mut events);
    }
    black_box(&events);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: [&str; 3]) -> Vec<String> {
        text.map(str::to_owned).to_vec()
    }

    #[test]
    fn all_hostile_bytes_are_decoded_without_a_panic() {
        for (name, _) in hostile::ALL {
            run(&words([name, "hostile", "20000"])).unwrap();
        }
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for wrong in [
            ["nobody", "decode", "1"],
            ["short chat", "dance", "1"],
            ["short chat", "parse", "x"],
            ["nobody", "hostile", "1"],
        ] {
            assert!(run(&words(wrong)).is_err(), "{wrong:?}");
        }
        assert!(run(&words(["short chat", "parse", "2"])).is_ok());
    }
}
