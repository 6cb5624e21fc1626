//! Text that reads a little like prompts and code, from a fixed seed.

const WORDS: [&str; 48] = [
    "the",
    "request",
    "handler",
    "returns",
    "an",
    "error",
    "when",
    "stream",
    "is",
    "closed",
    "before",
    "a",
    "token",
    "arrives",
    "we",
    "should",
    "retry",
    "with",
    "backoff",
    "and",
    "log",
    "status",
    "to",
    "file",
    "src/server/mod.rs",
    "function",
    "parse_header",
    "takes",
    "slice",
    "of",
    "bytes",
    "so",
    "that",
    "nothing",
    "copied",
    "tests",
    "pass",
    "on",
    "linux",
    "but",
    "fail",
    "under",
    "load",
    "because",
    "queue",
    "bounded",
    "naïve",
    "\"quoted\"",
];

/// Words, one after the other.
pub struct Words(u64);

impl Words {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub const fn below(&mut self, limit: u64) -> u64 {
        // Constants of Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// One word.
    pub fn word(&mut self) -> &'static str {
        let place = usize::try_from(self.below(48)).unwrap_or(0);
        WORDS.get(place).copied().unwrap_or("word")
    }

    /// A paragraph of at least so many bytes.
    pub fn prose(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            text.push_str(self.word());
            text.push_str(if self.below(12) == 0 { ".\n" } else { " " });
        }
        text
    }

    /// Lines of code of at least so many bytes.
    pub fn code(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 64);
        while text.len() < bytes {
            let line = format!(
                "    let {} = {}(\"{}\", {});\n",
                self.word(),
                self.word(),
                self.word(),
                self.below(1000)
            );
            text.push_str(&line);
        }
        text
    }
}
