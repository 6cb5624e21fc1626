//! The embedded registry knows programs by their user agents and by their
//! processes.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use oisp_registry::{Process, Registry};

#[test]
fn user_agents_name_programs_before_libraries_and_browsers() {
    let registry = Registry::embedded();
    for (header, app, version) in [
        (
            "claude-cli/2.1.3 (external, cli)",
            Some("claude-code"),
            Some("2.1.3"),
        ),
        (
            "codex_cli_rs/0.98.0 (Ubuntu 24.4.0; x86_64) xterm",
            Some("codex-cli"),
            Some("0.98.0"),
        ),
        (
            "GeminiCLI/0.20.0/gemini-2.5-pro (linux; x64)",
            Some("gemini-cli"),
            Some("0.20.0"),
        ),
        (
            "opencode/1.18.2 ai-sdk/provider-utils/3.0.9 runtime/bun/1.3.0",
            Some("opencode"),
            Some("1.18.2"),
        ),
        (
            "GitHubCopilotChat/0.26.7",
            Some("github-copilot"),
            Some("0.26.7"),
        ),
        ("Cline/3.40.1", Some("cline"), Some("3.40.1")),
        (
            "OpenAI/Python 1.68.2",
            Some("openai-python"),
            Some("1.68.2"),
        ),
        (
            "AsyncAzureOpenAI/Python 1.2.0",
            Some("openai-python"),
            Some("1.2.0"),
        ),
        (
            "AsyncAnthropicBedrock/Python 0.40.0",
            Some("anthropic-python"),
            Some("0.40.0"),
        ),
        (
            "OpenAI/2.1.0 (.NET 8.0.1; Linux)",
            Some("openai-dotnet"),
            Some("2.1.0"),
        ),
        (
            "google-genai-sdk/1.52.0 gl-python/3.11.8",
            Some("google-genai"),
            Some("1.52.0"),
        ),
        (
            "Boto3/1.36.5 md/Botocore#1.36.5 ua/2.0 os/linux",
            Some("boto3"),
            Some("1.36.5"),
        ),
        (
            "Aleph-Alpha-Python-Client-7.1.0",
            Some("aleph-alpha-python"),
            Some("7.1.0"),
        ),
        (
            "ai/5.0.60 ai-sdk/openai/2.0.42 runtime/node.js/22",
            Some("ai-sdk"),
            Some("5.0.60"),
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            Some("chrome"),
            Some("130.0.0.0"),
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.2849.1",
            Some("edge"),
            Some("130.0.2849.1"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
            Some("safari"),
            Some("17.6"),
        ),
        (
            "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Cursor/1.4.2 Chrome/132.0.0.0 Electron/34.5.1 Safari/537.36",
            Some("cursor"),
            Some("1.4.2"),
        ),
        (
            "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) unknown/1.0 Chrome/132.0.0.0 Electron/34.5.1 Safari/537.36",
            None,
            None,
        ),
        ("python-httpx/0.28.1", None, None),
        ("", None, None),
    ] {
        let found = registry.app_by_user_agent(header);
        let id = found.as_ref().map(|found| &*found.app.id);
        assert_eq!(id, app, "{header}");
        assert_eq!(
            found.and_then(|found| found.version).as_deref(),
            version,
            "{header}"
        );
    }
}

#[test]
fn processes_are_programs() {
    let registry = Registry::embedded();
    let npm = "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js";
    for (exe, args, bundle_id, app, version) in [
        (
            "/home/u/.local/share/claude/versions/2.1.3",
            &["claude"][..],
            None,
            Some("claude-code"),
            Some("2.1.3"),
        ),
        (
            "/usr/bin/node",
            &["node", npm, "-p", "hi"],
            None,
            Some("claude-code"),
            None,
        ),
        ("/usr/bin/vim", &["vim", npm], None, None, None),
        (
            "/usr/bin/node",
            &["node", "/srv/app/server.js"],
            None,
            None,
            None,
        ),
        (
            "/usr/bin/python3.11",
            &["python3", "-m", "vllm.entrypoints.openai.api_server"],
            None,
            Some("vllm"),
            None,
        ),
        (
            "/opt/venv/bin/python",
            &["/opt/venv/bin/python", "/home/u/.local/bin/aider"],
            None,
            Some("aider"),
            None,
        ),
        (
            "/usr/local/bin/ollama",
            &["ollama", "serve"],
            None,
            Some("ollama"),
            None,
        ),
        (
            "/Applications/Claude.app/Contents/MacOS/Claude",
            &[],
            None,
            Some("claude-desktop"),
            None,
        ),
        (
            r"C:\Users\u\AppData\Local\AnthropicClaude\app-0.9.3\claude.exe",
            &[],
            None,
            Some("claude-desktop"),
            Some("0.9.3"),
        ),
        ("/usr/share/code/code", &[], None, Some("vscode"), None),
        (
            "/x/y",
            &[],
            Some("com.todesktop.230313mzl4w4u92"),
            Some("cursor"),
            None,
        ),
        (
            "/x/y",
            &[],
            Some("com.google.Chrome.helper"),
            Some("chrome"),
            None,
        ),
        ("/x/y", &[], Some("com.google.ChromeLike"), None, None),
        ("/home/u/claude/notes", &[], None, None, None),
        ("", &[], None, None, None),
    ] {
        let exe = Some(exe);
        let found = registry.app_by_process(&Process {
            exe,
            args,
            bundle_id,
        });
        let id = found.as_ref().map(|found| &*found.app.id);
        assert_eq!(id, app, "{exe:?} {args:?}");
        assert_eq!(
            found.and_then(|found| found.version).as_deref(),
            version,
            "{exe:?}"
        );
    }
    assert!(registry.app_by_process(&Process::default()).is_none());
}
