//! Text for people goes to standard error, data to standard output.

use std::fmt;
use std::io::{self, Write};

/// Writes a line for people. There is nobody to tell where this fails.
pub fn note(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Data on standard output, buffered. A reader that went away (`| head`) is no
/// error.
pub struct Data(io::BufWriter<io::StdoutLock<'static>>);

impl Data {
    /// Locks standard output.
    pub fn new() -> Self {
        Self(io::BufWriter::new(io::stdout().lock()))
    }

    /// Writes a line. False where the reader is gone.
    pub fn line(&mut self, line: fmt::Arguments<'_>) -> bool {
        writeln!(self.0, "{line}").is_ok()
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = self.0.flush();
    }
}

/// Control characters of captured text must not reach a terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// The first line of a text, cut to a number of characters.
pub fn first_line(text: &str, most: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut short: String = printable(line).chars().take(most).collect();
    if short.chars().count() < text.trim().chars().count() {
        short.push('…');
    }
    short
}

/// Bytes in a unit that people read.
pub fn bytes(count: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.into_iter().find(|(_, shift)| count >> shift > 0);
    match unit {
        Some((name, shift)) => {
            let tenths = (u128::from(count) * 10) >> shift;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{count} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[31mb"), "a\u{fffd}[31mb");
    }

    #[test]
    fn a_cut_is_shown() {
        assert_eq!(first_line("hello\nworld", 10), "hello…");
        assert_eq!(first_line("hello", 10), "hello");
    }

    #[test]
    fn bytes_have_one_decimal() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
    }
}
