//! Which program a process is: by its bundle, the script that it runs, or its
//! executable's path.
//!
//! A pattern is the end of a path, in whole components: `claude` is any file
//! of that name, `Zed.app/Contents/MacOS/zed` that one, and
//! `@anthropic-ai/claude-code/` (with the slash) any file below such a
//! directory. Backslashes count as slashes; names that end in `.exe` match
//! without it and in any case.

use crate::pattern::{Hole, Piece};

/// The longest path that is looked at.
const MAX_PATH_LEN: usize = 4096;
/// How many arguments are searched for the script.
const MAX_ARGUMENTS: usize = 32;

/// What is known of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process<'p> {
    /// The path of its executable.
    pub exe: Option<&'p str>,
    /// Its command line, the program's name first.
    pub args: &'p [&'p str],
    /// Its bundle's identifier, on macOS.
    pub bundle_id: Option<&'p str>,
}

/// A path, as patterns see it.
pub(crate) struct Path {
    path: String,
    /// True where its system does not tell cases apart.
    folded: bool,
}

impl Path {
    /// A path of any system.
    pub(crate) fn of(path: &str) -> Option<Self> {
        if path.len() > MAX_PATH_LEN {
            return None;
        }
        let path = path.replace('\\', "/");
        let lower = path.to_ascii_lowercase();
        let (path, folded) = match lower.strip_suffix(".exe") {
            Some(windows) => (windows.to_owned(), true),
            None => (path, false),
        };
        Some(Self { path, folded })
    }

    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// The end of a path, or a directory on the way.
#[derive(Debug)]
pub(crate) struct PathPattern {
    pieces: Vec<Piece>,
    /// True where it names a directory above the file.
    above: bool,
    /// The same in lower case, for systems that do not tell cases apart.
    folded: Vec<Piece>,
}

impl PathPattern {
    /// Reads a pattern; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (path, above) = match text.strip_suffix('/') {
            Some(path) => (path, true),
            None => (text, false),
        };
        let path = path.strip_suffix(".exe").unwrap_or(path);
        let pieces = |path: &str| path.split('/').map(piece_of).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            pieces: pieces(path)?,
            folded: pieces(&path.to_ascii_lowercase())?,
            above,
        })
    }

    /// The version in the path (`None` inside where it holds none), or `None`
    /// where the path is another.
    pub(crate) fn matches<'p>(&self, path: &'p Path) -> Option<Option<&'p str>> {
        let pieces = if path.folded {
            &self.folded
        } else {
            &self.pieces
        };
        let mut rest = path.path.as_str();
        if !self.above {
            return ends_with(pieces, rest);
        }
        while let Some((directory, _)) = rest.rsplit_once('/') {
            if let Some(version) = ends_with(pieces, directory) {
                return Some(version);
            }
            rest = directory;
        }
        None
    }
}

fn piece_of(component: &str) -> Result<Piece, String> {
    if component.is_empty() || component.contains('\\') || component.contains("{region}") {
        return Err("write a file's name or the end of its path, with `/` between".to_owned());
    }
    Piece::parse(component)
}

fn ends_with<'p>(pieces: &[Piece], path: &'p str) -> Option<Option<&'p str>> {
    let mut components = path.rsplit('/');
    let mut version = None;
    for piece in pieces.iter().rev() {
        if let Some((Hole::Version, inside)) = piece.take(components.next()?)? {
            version = Some(inside);
        }
    }
    Some(version)
}

/// The script that an interpreter's command line runs: a path, or the name
/// of a module (`python -m NAME`).
pub(crate) fn script_of<'a>(args: &[&'a str]) -> Option<&'a str> {
    let mut rest = args.iter().copied().take(MAX_ARGUMENTS).skip(1);
    loop {
        let argument = rest.next()?;
        match argument {
            "-m" => return rest.next(),
            // Code on the command line: there is no script.
            "-c" | "-e" | "--eval" | "-p" | "--print" => return None,
            "-r" | "--require" | "--import" | "--loader" | "-X" | "-W" => {
                rest.next()?;
            }
            // What `bun` and `deno` are told to do with it.
            "run" => (),
            _ if argument.starts_with('-') => (),
            _ => return Some(argument),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]

    use super::*;

    fn matched(pattern: &str, path: &str) -> Option<Option<String>> {
        let path = Path::of(path)?;
        let version = PathPattern::parse(pattern).unwrap().matches(&path)?;
        Some(version.map(str::to_owned))
    }

    #[test]
    fn patterns_are_ends_of_paths_in_whole_components() {
        assert_eq!(matched("claude", "/usr/bin/claude"), Some(None));
        assert_eq!(matched("claude", "claude"), Some(None));
        assert_eq!(matched("claude", "/usr/bin/notclaude"), None);
        assert_eq!(
            matched("claude", "/Applications/Claude.app/Contents/MacOS/Claude"),
            None
        );
        assert_eq!(
            matched(
                "Claude.app/Contents/MacOS/Claude",
                "/Applications/Claude.app/Contents/MacOS/Claude"
            ),
            Some(None)
        );
        assert_eq!(
            matched(
                "claude/versions/{version}",
                "/home/u/.local/share/claude/versions/2.1.3"
            ),
            Some(Some("2.1.3".into()))
        );
        assert_eq!(
            matched("tool/pkg/", "/x/node_modules/tool/pkg/dist/cli.js"),
            Some(None)
        );
        assert_eq!(matched("tool/pkg/", "/x/node_modules/tool/pkg"), None);
        assert_eq!(matched("tool/pkg/", "/x/tool/pkg-other/cli.js"), None);
    }

    #[test]
    fn windows_paths_match_without_case_and_suffix() {
        let path = r"C:\Users\u\AppData\Local\AnthropicClaude\app-1.2.3\Claude.EXE";
        assert_eq!(
            matched("AnthropicClaude/app-{version}/claude.exe", path),
            Some(Some("1.2.3".into()))
        );
        assert_eq!(matched("claude", path), Some(None));
    }

    #[test]
    fn the_script_is_the_first_that_is_no_option() {
        for (args, script) in [
            (
                &["node", "--max-old-space-size=4096", "/x/cli.js", "-p"][..],
                Some("/x/cli.js"),
            ),
            (&["node", "-r", "hook.js", "cli.js"], Some("cli.js")),
            (
                &["python3", "-m", "vllm.entrypoints"],
                Some("vllm.entrypoints"),
            ),
            (&["python3", "-c", "print()", "x.py"], None),
            (&["bun", "run", "x.ts"], Some("x.ts")),
            (&["node"], None),
            (&[], None),
        ] {
            assert_eq!(script_of(args), script, "{args:?}");
        }
    }
}
