//! Names of values: `export.jsonl[0].path`.

use std::fmt;

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
    /// `[]`: the entry of a list that has no name of its own.
    Unnamed,
}

/// The way to a value from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(pub Vec<Step>);

impl Path {
    pub(crate) fn key(&self, name: &str) -> Self {
        self.and(Step::Key(name.to_owned()))
    }

    pub(crate) fn and(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        for part in text.split('.').filter(|part| !part.is_empty()) {
            let (name, indexes) = part.split_once('[').unwrap_or((part, ""));
            steps.push(Step::Key(name.to_owned()));
            if part.contains('[') {
                let index = indexes.trim_end_matches(']').parse();
                steps.push(index.map_or(Step::Unnamed, Step::Index));
            }
        }
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(name) if position == 0 => to.write_str(name)?,
                Step::Key(name) => write!(to, ".{name}")?,
                Step::Index(index) => write!(to, "[{index}]")?,
                Step::Unnamed => to.write_str("[]")?,
            }
        }
        Ok(())
    }
}

impl From<&serde_path_to_error::Path> for Path {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment;
        let step = |segment: &Segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        Self(path.iter().map_while(step).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "web.port",
            "export.jsonl[3].path",
            "export.jsonl[].retry.max",
        ] {
            assert_eq!(Path::parse(text).to_string(), text);
        }
    }
}
