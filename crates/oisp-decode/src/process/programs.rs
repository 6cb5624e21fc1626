//! What a program is by its name: a shell, an interpreter and its script.

use oisp_core::ProcessFacts;

/// Shells, by the base name of the executable.
const SHELLS: [&str; 14] = [
    "sh",
    "bash",
    "dash",
    "zsh",
    "fish",
    "ksh",
    "mksh",
    "ash",
    "csh",
    "tcsh",
    "nu",
    "pwsh",
    "powershell",
    "cmd",
];

/// Interpreters that run the file that their first argument names, where that is
/// no option. A version may follow the name: `python3.12`.
const INTERPRETERS: [&str; 13] = [
    "sh", "bash", "dash", "zsh", "ksh", "python", "pypy", "node", "ruby", "perl", "php", "lua",
    "Rscript",
];

/// The executable is a shell.
pub(super) fn is_shell(exe: &str) -> bool {
    SHELLS.contains(&base_name(exe))
}

/// The script that a process runs: the one that it was started by, or the one
/// that an interpreter is told to run. What follows an option is not guessed at.
pub(super) fn script(facts: &ProcessFacts) -> Option<String> {
    if facts.script.is_some() {
        return facts.script.clone();
    }
    let name = base_name(facts.exe.as_deref()?);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let first = facts.args.as_ref()?.get(1)?;
    let is_file = first.contains(['/', '.']) && !first.starts_with('-');
    (INTERPRETERS.contains(&plain) && is_file).then(|| absolute(first, facts.cwd.as_deref()))
}

fn absolute(path: &str, cwd: Option<&str>) -> String {
    match cwd {
        Some(cwd) if !path.starts_with('/') => {
            let path = path.strip_prefix("./").unwrap_or(path);
            format!("{}/{path}", cwd.trim_end_matches('/'))
        }
        _ => path.to_owned(),
    }
}

fn base_name(path: &str) -> &str {
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.strip_suffix(".exe").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(exe: &str, args: &[&str]) -> ProcessFacts {
        ProcessFacts {
            exe: Some(exe.into()),
            args: Some(args.iter().map(|arg| (*arg).to_owned()).collect()),
            cwd: Some("/work".into()),
            ..ProcessFacts::default()
        }
    }

    #[test]
    fn an_interpreters_first_argument_is_its_script_unless_it_is_an_option() {
        for (exe, args, expected) in [
            (
                "/usr/bin/python3.12",
                &["python3", "agent.py"][..],
                Some("/work/agent.py"),
            ),
            (
                "/usr/bin/node",
                &["node", "/opt/cli.js", "-p"],
                Some("/opt/cli.js"),
            ),
            (
                "/usr/bin/bash",
                &["bash", "./build.sh"],
                Some("/work/build.sh"),
            ),
            ("/usr/bin/bash", &["bash", "-c", "x.sh"], None),
            ("/usr/bin/python3", &["python3", "-m", "http.server"], None),
            ("/usr/bin/node", &["node", "inspect", "a.js"], None),
            ("/usr/bin/cat", &["cat", "a.py"], None),
            ("/usr/bin/python3", &["python3"], None),
        ] {
            let found = script(&facts(exe, args));
            assert_eq!(found.as_deref(), expected, "{args:?}");
        }
    }

    #[test]
    fn what_the_capture_says_of_the_script_counts() {
        let facts = ProcessFacts {
            script: Some("/work/tool".into()),
            ..facts("/usr/bin/python3", &["python3", "-u", "/work/tool"])
        };
        assert_eq!(script(&facts).as_deref(), Some("/work/tool"));
    }

    #[test]
    fn shells_are_known_by_name_on_every_system() {
        for exe in ["/bin/sh", "/usr/bin/bash", r"C:\Windows\System32\cmd.exe"] {
            assert!(is_shell(exe), "{exe}");
        }
        assert!(!is_shell("/usr/bin/bashful"));
    }
}
