//! Names of users, from `/etc/passwd`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// User names by id. The file is read again now and then, since users come and
/// go while the sensor runs.
#[derive(Debug)]
pub(crate) struct Users {
    names: HashMap<u32, String>,
    read_at: Instant,
}

const FRESH: Duration = Duration::from_secs(60);

impl Users {
    /// Reads the file.
    pub(crate) fn load() -> Self {
        let text = std::fs::read("/etc/passwd").unwrap_or_default();
        Self {
            names: parse(&String::from_utf8_lossy(&text)),
            read_at: Instant::now(),
        }
    }

    /// The name of that user, where the file has it.
    pub(crate) fn name(&mut self, uid: u32) -> Option<String> {
        if !self.names.contains_key(&uid) && self.read_at.elapsed() > FRESH {
            *self = Self::load();
        }
        self.names.get(&uid).cloned()
    }
}

fn parse(text: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        let (Some(name), Some(uid)) = (fields.next(), fields.nth(1)) else {
            continue;
        };
        if let Ok(uid) = uid.parse() {
            names.entry(uid).or_insert_with(|| String::from(name));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_an_id_counts() {
        let names =
            parse("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbroken\nann:x:1000:1000:::\n");
        assert_eq!(
            (names[&0].as_str(), names[&1000].as_str(), names.len()),
            ("root", "ann", 2)
        );
    }
}
