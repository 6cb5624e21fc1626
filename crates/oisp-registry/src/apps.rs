//! Programs that use AI, and the libraries that speak for them.

use crate::error::RegistryError;
use crate::file::AppEntry;
use crate::process::{Path, PathPattern, Process, script_of};
use crate::user_agent::UserAgent;
use crate::words::{self, known};

/// A program, in the words of the event schema's `app`.
#[derive(Debug)]
pub struct App {
    /// `app.app_id`.
    pub id: Box<str>,
    /// `app.name`.
    pub name: Box<str>,
    /// `app.vendor`.
    pub vendor: Option<Box<str>>,
    /// `app.category`, one of [`words::CATEGORIES`].
    pub category: &'static str,
    /// `app.type`, one of [`words::TYPES`]; none for a library.
    pub kind: Option<&'static str>,
    /// What kind of agent it is, one of [`words::AGENT_TYPES`]; none where it
    /// is no agent.
    pub agent_type: Option<&'static str>,
    /// `app.is_ai_app`.
    pub is_ai_app: bool,
    /// `app.is_ai_host`.
    pub is_ai_host: bool,
    /// True for a library that programs speak through: it tells how a program
    /// is made, not which one it is.
    pub framework: bool,
    user_agents: Vec<Box<str>>,
    unless: Vec<Box<str>>,
    version_from: Option<Box<str>>,
    executables: Vec<PathPattern>,
    scripts: Vec<PathPattern>,
    bundle_ids: Vec<Box<str>>,
}

/// A program that was recognised.
#[derive(Clone, Debug)]
pub struct AppMatch<'r> {
    /// Which one.
    pub app: &'r App,
    /// Its version, where what it was told by says so.
    pub version: Option<String>,
}

/// All programs, in the file's order.
#[derive(Debug, Default)]
pub(crate) struct Apps {
    apps: Vec<App>,
    interpreters: Vec<PathPattern>,
}

impl Apps {
    pub(crate) fn of(apps: &[AppEntry], interpreters: &[String]) -> Result<Self, RegistryError> {
        Ok(Self {
            apps: apps.iter().map(App::of).collect::<Result<_, _>>()?,
            interpreters: paths("`interpreters`", interpreters)?,
        })
    }

    pub(crate) fn all(&self) -> &[App] {
        &self.apps
    }

    /// The first program that the header names; a library only where it names
    /// no program.
    pub(crate) fn by_user_agent(&self, header: &str) -> Option<AppMatch<'_>> {
        let header = UserAgent::parse(header);
        let among = |framework: bool| {
            let mut apps = self
                .apps
                .iter()
                .filter(move |app| app.framework == framework);
            apps.find_map(|app| app.named_in(&header))
        };
        among(false).or_else(|| among(true))
    }

    /// The program whose name or id is that title, whatever its case.
    pub(crate) fn by_title(&self, title: &str) -> Option<AppMatch<'_>> {
        let title = title.trim();
        let named =
            |app: &&App| app.name.eq_ignore_ascii_case(title) || app.id.eq_ignore_ascii_case(title);
        let app = self.apps.iter().filter(|app| !app.framework).find(named)?;
        Some(AppMatch { app, version: None })
    }

    pub(crate) fn by_process(&self, process: &Process<'_>) -> Option<AppMatch<'_>> {
        let exe = process
            .exe
            .or(process.args.first().copied())
            .and_then(Path::of);
        let by_bundle = process
            .bundle_id
            .and_then(|id| self.apps.iter().find(|app| app.has_bundle(id)))
            .map(|app| AppMatch { app, version: None });
        by_bundle
            .or_else(|| self.by_script(exe.as_ref()?, process.args))
            .or_else(|| self.by_path(&exe?, |app| &app.executables))
    }

    fn by_script(&self, exe: &Path, args: &[&str]) -> Option<AppMatch<'_>> {
        self.interpreters
            .iter()
            .find(|one| one.matches(exe).is_some())?;
        let script = Path::of(script_of(args)?)?;
        self.by_path(&script, |app| &app.scripts)
    }

    fn by_path(&self, path: &Path, patterns: fn(&App) -> &[PathPattern]) -> Option<AppMatch<'_>> {
        if path.name().is_empty() {
            return None;
        }
        self.apps.iter().find_map(|app| {
            let version = patterns(app)
                .iter()
                .find_map(|pattern| pattern.matches(path))?;
            Some(AppMatch {
                app,
                version: version.map(str::to_owned),
            })
        })
    }
}

impl App {
    fn of(entry: &AppEntry) -> Result<Self, RegistryError> {
        let what = format!("app {:?}", entry.id);
        let told_by = [
            &entry.user_agents,
            &entry.executables,
            &entry.scripts,
            &entry.bundle_ids,
        ];
        if told_by.iter().all(|patterns| patterns.is_empty()) {
            let problem = "nothing to tell it by; add `user_agents`, `executables`, `scripts` or `bundle_ids`";
            return Err(RegistryError::Incomplete {
                entry: what,
                problem,
            });
        }
        let optional = |field, given: &Option<String>, allowed| {
            let given = given.as_deref();
            given
                .map(|given| word(&what, field, given, allowed))
                .transpose()
        };
        Ok(Self {
            id: entry.id.as_str().into(),
            name: entry.name.as_str().into(),
            vendor: entry.vendor.as_deref().map(Into::into),
            category: word(&what, "category", &entry.category, words::CATEGORIES)?,
            kind: optional("type", &entry.kind, words::TYPES)?,
            agent_type: optional("agent_type", &entry.agent_type, words::AGENT_TYPES)?,
            is_ai_app: entry.is_ai_app,
            is_ai_host: entry.is_ai_host,
            framework: entry.framework,
            user_agents: products(&what, &entry.user_agents)?,
            unless: products(&what, &entry.unless)?,
            version_from: entry.version_from.as_deref().map(Into::into),
            executables: paths(&what, &entry.executables)?,
            scripts: paths(&what, &entry.scripts)?,
            bundle_ids: products(&what, &entry.bundle_ids)?,
        })
    }

    fn named_in(&self, header: &UserAgent<'_>) -> Option<AppMatch<'_>> {
        let product = self
            .user_agents
            .iter()
            .find(|product| header.after(product).is_some())?;
        if self
            .unless
            .iter()
            .any(|other| header.after(other).is_some())
        {
            return None;
        }
        let version = header.version(self.version_from.as_deref().unwrap_or(product));
        Some(AppMatch {
            app: self,
            version: version.map(str::to_owned),
        })
    }

    /// A bundle or one inside it, such as an application's helper.
    fn has_bundle(&self, id: &str) -> bool {
        self.bundle_ids.iter().any(|own| {
            id.strip_prefix(&**own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

fn word(
    entry: &str,
    field: &'static str,
    given: &str,
    allowed: &'static [&'static str],
) -> Result<&'static str, RegistryError> {
    known(allowed, given).ok_or_else(|| RegistryError::UnknownWord {
        entry: entry.to_owned(),
        field,
        given: given.to_owned(),
        allowed,
    })
}

fn products(entry: &str, texts: &[String]) -> Result<Vec<Box<str>>, RegistryError> {
    let checked = |text: &String| match text.trim().len() {
        2.. => Ok(text.as_str().into()),
        _ => Err(pattern_error(entry, text, "too short to tell anything by")),
    };
    texts.iter().map(checked).collect()
}

fn paths(entry: &str, texts: &[String]) -> Result<Vec<PathPattern>, RegistryError> {
    let read = |text: &String| {
        PathPattern::parse(text).map_err(|problem| pattern_error(entry, text, &problem))
    };
    texts.iter().map(read).collect()
}

fn pattern_error(entry: &str, pattern: &str, problem: &str) -> RegistryError {
    RegistryError::Pattern {
        entry: entry.to_owned(),
        pattern: pattern.to_owned(),
        problem: problem.to_owned(),
    }
}
