//! Which processes are shells that somebody types into.

use oisp_core::ProcessFacts;

/// Programs that people type commands into. What is typed there is not the work
/// of the program that shows the terminal.
const SHELLS: [&str; 10] = [
    "bash", "zsh", "sh", "dash", "fish", "ksh", "nu", "pwsh", "tmux", "screen",
];

/// A shell that runs neither a script nor a given command.
pub(crate) fn is_interactive_shell(facts: &ProcessFacts) -> bool {
    let exe = facts.exe.as_deref().or(facts.comm.as_deref());
    let name = exe.and_then(|exe| exe.rsplit(['/', '\\']).next());
    let name = name.map(|name| name.trim_end_matches(".exe"));
    let args = facts.args.as_deref().unwrap_or_default();
    let mut options = args.iter().skip(1);
    name.is_some_and(|name| SHELLS.contains(&name))
        && options.all(|arg| arg.starts_with('-') && !is_command_option(arg))
}

/// `-c`, also among others: `-lc`.
fn is_command_option(arg: &str) -> bool {
    let letters = arg.strip_prefix('-').unwrap_or_default();
    letters == "-command" || (!letters.starts_with('-') && letters.contains('c'))
}
