//! What the arguments of a tool call name: files, hosts, commands.
//!
//! Limits: [`MAX_WORDS`] texts of a call, of [`MAX_LENGTH`] bytes each; longer
//! ones are content, no names. [`MAX_HELD`] bytes in all.

use oisp_core::event::Data;
use oisp_core::event::ai::Arguments;
use oisp_core::event::network::Endpoint;
use oisp_core::event::process::Exec;
use serde_json::Value;

const MAX_WORDS: usize = 64;
const MAX_LENGTH: usize = 4096;
const MAX_HELD: usize = 16 << 10;
/// Shorter texts name too much.
const MIN_LENGTH: usize = 2;

/// The texts in the arguments of a call.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<String>);

impl Words {
    pub(super) fn of(arguments: &Arguments) -> Self {
        let mut words = Vec::new();
        match arguments {
            Arguments::Object(arguments) => {
                arguments
                    .values()
                    .for_each(|value| collect(value, &mut words));
            }
            Arguments::Text(text) => keep(text, &mut words),
        }
        let mut held = 0;
        words.retain(|word: &String| {
            held += word.len();
            held <= MAX_HELD
        });
        Self(words)
    }

    /// Memory, about.
    pub(super) fn held(&self) -> usize {
        self.0
            .iter()
            .map(|word| size_of::<String>() + word.capacity())
            .sum()
    }

    /// True where one of them names what an event is about.
    pub(super) fn name(&self, data: &Data) -> bool {
        match data {
            Data::ProcessExec(exec) => self.name_program(exec),
            Data::FileOpen(open) => self.name_file(&open.path),
            Data::FileWrite(write) => self.name_file(&write.path),
            Data::FileDelete(delete) => self.name_file(&delete.path),
            Data::FileRename(rename) => {
                self.name_file(&rename.old_path) || self.name_file(&rename.new_path)
            }
            Data::NetworkConnect(connect) => self.name_end(&connect.dest),
            Data::NetworkFlow(flow) => self.name_end(&flow.dest),
            Data::NetworkDns(dns) => self.any(|word| mentions(word, &dns.query_name)),
            _ => false,
        }
    }

    fn any(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.0.iter().any(|word| is_it(word))
    }

    /// An absolute path that a text holds, or a relative one that it is.
    fn name_file(&self, path: &str) -> bool {
        path.len() > 1 && self.any(|word| mentions(word, path) || ends_with_path(path, word))
    }

    fn name_end(&self, end: &Endpoint) -> bool {
        let domain = end.domain.as_deref();
        let ip = end.ip.to_string();
        self.any(|word| mentions(word, &ip) || domain.is_some_and(|name| mentions(word, name)))
    }

    /// The text is the command line, or an argument holds it, as a shell's does.
    fn name_program(&self, exec: &Exec) -> bool {
        let args = exec.args.as_deref().unwrap_or_default();
        let line = args.join(" ");
        self.any(|word| {
            let is_command = word.contains([' ', '/']) || word.len() >= 8;
            *word == *line
                || args.iter().skip(1).any(|arg| *arg == *word)
                || (is_command && args.iter().skip(1).any(|arg| arg.contains(word)))
        })
    }
}

fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) => keep(text, words),
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Object(object) => object.values().for_each(|value| collect(value, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn keep(text: &str, words: &mut Vec<String>) {
    let text = text.trim();
    if words.len() < MAX_WORDS && (MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) {
        words.push(text.to_owned());
    }
}

/// The text holds the name, and not as a part of a longer one.
fn mentions(text: &str, name: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    let begins_in_a_name = |c: char| continues(c) || c == '.' || c == '~';
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(name) {
        let (head, found) = rest.split_at(at);
        let tail = found.strip_prefix(name).unwrap_or_default();
        let last = head.chars().next_back().or(before);
        // A host follows two slashes, and a path none.
        let is_begin =
            !last.is_some_and(begins_in_a_name) || (head.ends_with("//") && !name.starts_with('/'));
        let mut next = tail.chars();
        let is_end = match (next.next(), name.starts_with('/')) {
            (Some('.'), _) => !next.next().is_some_and(continues),
            (Some('/'), false) | (None, _) => true,
            (Some(c), _) => !continues(c),
        };
        if is_begin && is_end {
            return true;
        }
        before = name.chars().next_back();
        rest = tail;
    }
    false
}

/// `path` ends with the relative path that `word` is.
fn ends_with_path(path: &str, word: &str) -> bool {
    let word = word
        .strip_prefix("./")
        .or(word.strip_prefix("~/"))
        .unwrap_or(word);
    let is_relative = word.len() >= MIN_LENGTH && !word.starts_with(['/', '~', '.', '-']);
    let before = is_relative.then(|| path.strip_suffix(word)).flatten();
    before.is_some_and(|before| before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use oisp_core::event::file::{FileInfo, Open};
    use serde_json::json;

    use super::*;

    fn words(arguments: Value) -> Words {
        let Value::Object(arguments) = arguments else {
            unreachable!("arguments are an object")
        };
        Words::of(&Arguments::Object(arguments))
    }

    fn opened(path: &str) -> Data {
        Data::FileOpen(Box::new(Open {
            path: path.into(),
            flags: Vec::new(),
            file: FileInfo::default(),
        }))
    }

    fn ran(args: &[&str]) -> Data {
        Data::ProcessExec(Box::new(Exec {
            exe: "/bin/x".into(),
            args: Some(args.iter().map(|arg| (*arg).to_owned()).collect()),
            cwd: None,
            interpreter: None,
            script_path: None,
            is_script: None,
            is_shell: None,
        }))
    }

    #[test]
    fn a_file_is_named_whole() {
        for (argument, path, expected) in [
            ("/work/a.py", "/work/a.py", true),
            ("a.py", "/work/a.py", true),
            ("./src/a.py", "/work/src/a.py", true),
            ("~/notes.md", "/home/u/notes.md", true),
            ("cat /work/a.py > /tmp/b", "/work/a.py", true),
            ("cat '/work/a.py'", "/work/a.py", true),
            ("read /work/a.py.", "/work/a.py", true),
            ("/work/a.pyc", "/work/a.py", false),
            ("/old/work/a.py", "/work/a.py", false),
            ("/work/a.py.bak", "/work/a.py", false),
            ("a.py", "/work/ba.py", false),
            ("a", "/work/a", false),
            ("/", "/", false),
            ("../a.py", "/work/a.py", false),
        ] {
            let named = words(json!({"x": [{"deep": argument}]})).name(&opened(path));
            assert_eq!(named, expected, "{argument} {path}");
        }
    }

    #[test]
    fn a_host_is_named_whole() {
        for (argument, name, expected) in [
            ("https://docs.example.com/page", "docs.example.com", true),
            ("docs.example.com", "docs.example.com", true),
            (
                "curl http://docs.example.com:8080/x",
                "docs.example.com",
                true,
            ),
            (
                "https://docs.example.com.evil.test/",
                "docs.example.com",
                false,
            ),
            ("https://mydocs.example.com/", "docs.example.com", false),
            ("https://a.docs.example.com/", "docs.example.com", false),
        ] {
            assert_eq!(mentions(argument, name), expected, "{argument}");
        }
    }

    #[test]
    fn a_program_is_named_by_its_command() {
        let command = words(json!({"command": "cargo test -p core", "timeout": 5}));
        assert!(command.name(&ran(&["bash", "-c", "cargo test -p core"])));
        assert!(command.name(&ran(&["bash", "-lc", "cd /w && cargo test -p core"])));
        assert!(command.name(&ran(&["cargo", "test", "-p", "core"])));
        assert!(!command.name(&ran(&["cargo", "build"])));
        let short = words(json!({"mode": "ro"}));
        assert!(!short.name(&ran(&["cat", "from"])));
    }

    #[test]
    fn content_is_no_name_and_the_number_of_words_is_bounded() {
        let many: Vec<_> = (0..200).map(|n| json!(format!("word{n}"))).collect();
        assert_eq!(words(json!({"all": many})).0.len(), MAX_WORDS);
        assert!(
            words(json!({"content": "x".repeat(MAX_LENGTH + 1)}))
                .0
                .is_empty()
        );
    }
}
