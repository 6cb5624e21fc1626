//! Whether what has the form of a secret is one.

/// A further condition on what an expression found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    #[default]
    None,
    /// It holds a digit.
    Digit,
    /// It holds a digit and a letter.
    DigitAndLetter,
    /// It holds a digit, or letters of both cases.
    Mixed,
    /// It is no name, reference or placeholder.
    Literal,
    /// Neither that nor an identifier.
    Value,
}

impl Check {
    /// `next` is the byte behind the finding.
    pub(crate) fn passes(self, found: &[u8], next: Option<u8>) -> bool {
        match self {
            Self::None => true,
            Self::Digit => has(found, u8::is_ascii_digit),
            Self::DigitAndLetter => {
                has(found, u8::is_ascii_digit) && has(found, u8::is_ascii_alphabetic)
            }
            Self::Mixed => {
                has(found, u8::is_ascii_digit)
                    || has(found, u8::is_ascii_uppercase) && has(found, u8::is_ascii_lowercase)
            }
            Self::Literal => is_literal(found, next),
            Self::Value => is_literal(found, next) && is_value(found),
        }
    }
}

fn has(found: &[u8], kind: fn(&u8) -> bool) -> bool {
    found.iter().any(kind)
}

/// Beginnings of what stands for a value elsewhere.
const REFERENCES: [&str; 26] = [
    "$",
    "<",
    "{",
    "%(",
    "%s",
    "...",
    "process.env",
    "os.environ",
    "os.getenv",
    "env.",
    "env(",
    "secrets.",
    "vars.",
    "var.",
    "self.",
    "this.",
    "config.",
    "settings.",
    "args.",
    "options.",
    "request.",
    "req.",
    "response.",
    "props.",
    "ctx.",
    "kwargs.",
];
/// Types and empty values of programming languages.
const TYPES: [&str; 24] = [
    "string",
    "str",
    "text",
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "bool",
    "boolean",
    "int",
    "integer",
    "number",
    "bytes",
    "object",
    "optional",
    "any",
    "required",
    "password",
    "secret",
    "token",
    "credentials",
    "default",
];
/// Words that a name of a secret holds, and a secret seldom does.
const NAMING: [&str; 9] = [
    "pass", "pwd", "token", "secret", "key", "cred", "auth", "your", "param",
];

fn is_literal(found: &[u8], next: Option<u8>) -> bool {
    let unquoted = found.trim_ascii_start();
    let unquoted = unquoted
        .strip_prefix(b"'")
        .or(unquoted.strip_prefix(b"\""))
        .unwrap_or(unquoted);
    let is_reference = REFERENCES
        .iter()
        .any(|start| unquoted.starts_with(start.as_bytes()));
    !is_reference && !matches!(next, Some(b'(' | b'[')) && !is_name(found)
}

/// A variable, a column, a type or a placeholder: no digit, and words that name
/// secrets, or a type.
fn is_name(found: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphabetic() || b"_-. ".contains(byte);
    if found.len() > 64 || !found.iter().all(is_word) {
        return false;
    }
    let lower = String::from_utf8_lossy(found).to_ascii_lowercase();
    let parted = has(found, |byte| b"_-. ".contains(byte));
    let camel =
        found.first().is_some_and(u8::is_ascii_lowercase) && has(found, u8::is_ascii_uppercase);
    TYPES.contains(&lower.trim_matches('.'))
        || (parted || camel) && NAMING.iter().any(|word| lower.contains(word))
}

/// It holds what identifiers, paths and members of objects do not.
fn is_value(found: &[u8]) -> bool {
    let telling = |byte: &u8| byte.is_ascii_digit() || b"!@#$%^&*+~?=".contains(byte);
    let is_elsewhere = [
        &b"http://"[..],
        b"https://",
        b"/",
        "./".as_bytes(),
        b"~/",
        b"arn:",
    ]
    .iter()
    .any(|start| found.starts_with(start));
    has(found, |byte| !byte.is_ascii_punctuation())
        && found.iter().any(telling)
        && !is_elsewhere
        && !is_member(found)
}

/// `one.two`: both parts could be identifiers, and short ones.
fn is_member(found: &[u8]) -> bool {
    let parts = || found.split(|byte| *byte == b'.');
    let is_identifier = |part: &[u8]| {
        part.first()
            .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
            && part.len() <= 24
            && part
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    parts().count() > 1 && parts().all(is_identifier)
}

/// Shannon's entropy, bits a byte.
pub(crate) fn entropy(found: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in found {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let length = found.len() as f64;
    let share = |count: &u32| f64::from(*count) / length;
    let seen = counts.iter().filter(|count| **count > 0).map(share);
    -seen.map(|share| share * share.log2()).sum::<f64>()
}
