//! The registry: one file's entries, judged and made ready to be asked.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use crate::apps::{App, AppMatch, Apps};
use crate::error::RegistryError;
use crate::file::{File, ProviderEntry};
use crate::hosts::{Authority, HostIndex, HostPattern};
use crate::models::Families;
use crate::process::Process;
use crate::words;

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// Its id in this registry.
    pub id: Box<str>,
    /// For people.
    pub name: Box<str>,
    /// `provider.name`, one of [`words::PROVIDERS`].
    pub schema_name: &'static str,
    /// OpenTelemetry's `gen_ai.provider.name`.
    pub otel: Box<str>,
    /// Its id in the price data. None where it has no prices per token, or the
    /// host alone does not tell them.
    pub prices: Option<Box<str>>,
}

/// A host that belongs to a provider.
#[derive(Clone, Debug)]
pub struct HostMatch<'r> {
    /// Whose it is.
    pub provider: &'r Provider,
    /// The region that its name holds.
    pub region: Option<String>,
}

/// Providers, model families and programs, as of one version of the data.
#[derive(Debug)]
pub struct Registry {
    version: Box<str>,
    file: File,
    providers: Vec<Provider>,
    hosts: HostIndex,
    families: Families,
    apps: Apps,
}

static EMBEDDED: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    // A test reads the same text: what is embedded parses.
    let parsed = Registry::parse(include_str!("../data/registry.toml"));
    Arc::new(parsed.unwrap_or_else(|_| Registry::empty()))
});

impl Registry {
    /// The registry that is part of the program.
    pub fn embedded() -> Arc<Self> {
        Arc::clone(&EMBEDDED)
    }

    /// Reads a registry file.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        Self::of(File::parse(text)?)
    }

    /// This registry with a user's file added: an entry with a known id takes
    /// the place of the known one, and its patterns are asked first.
    pub fn with_additions(&self, text: &str) -> Result<Self, RegistryError> {
        let added = File::parse(text)?;
        // On its own first, so that an error is about the user's file.
        Self::of(added.clone())?;
        Self::of(self.file.with(added))
    }

    /// The data's version, `2026.11.0`, or `2026.11.0+local` with additions.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// All providers.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// All programs.
    pub fn apps(&self) -> &[App] {
        self.apps.all()
    }

    /// Whose host it is, and where it stands. `authority` is a host with or
    /// without a port. An unknown host is nobody's.
    pub fn host(&self, authority: &str) -> Option<HostMatch<'_>> {
        let authority = Authority::parse(authority)?;
        let found = self.hosts.find(&authority)?;
        Some(HostMatch {
            provider: self.providers.get(found.provider)?,
            region: found.region.map(str::to_owned),
        })
    }

    /// Whose host it is.
    pub fn provider_of(&self, authority: Option<&str>) -> Option<&Provider> {
        let authority = Authority::parse(authority?)?;
        self.providers.get(self.hosts.find(&authority)?.provider)
    }

    /// The region that a provider's host names.
    pub fn region_of(&self, authority: &str) -> Option<String> {
        self.host(authority)?.region
    }

    /// The family of a model, `gpt-4` of `gpt-4o-mini`.
    pub fn family_of(&self, model: &str) -> Option<String> {
        self.families.of_model(model)
    }

    /// The program that a `User-Agent` header names.
    pub fn app_by_user_agent(&self, header: &str) -> Option<AppMatch<'_>> {
        self.apps.by_user_agent(header)
    }

    /// The program of that name, as clients tell it in an `X-Title` header.
    pub fn app_by_title(&self, title: &str) -> Option<AppMatch<'_>> {
        self.apps.by_title(title)
    }

    /// The program that a process is.
    pub fn app_by_process(&self, process: &Process<'_>) -> Option<AppMatch<'_>> {
        self.apps.by_process(process)
    }

    fn of(file: File) -> Result<Self, RegistryError> {
        unique("provider", file.providers.iter().map(|entry| &*entry.id))?;
        unique("app", file.apps.iter().map(|entry| &*entry.id))?;
        let families = file
            .families
            .iter()
            .flat_map(|entry| entry.models.iter().map(|model| (&**model, &*entry.family)));
        let families =
            Families::of(families, &prefixes(&file)?).map_err(|(pattern, problem)| {
                RegistryError::Pattern {
                    entry: "model_family".to_owned(),
                    pattern,
                    problem,
                }
            })?;
        Ok(Self {
            version: file.version.as_deref().unwrap_or_default().into(),
            providers: file
                .providers
                .iter()
                .map(Provider::of)
                .collect::<Result<_, _>>()?,
            hosts: hosts_of(&file.providers)?,
            families,
            apps: Apps::of(&file.apps, &file.interpreters)?,
            file,
        })
    }

    fn empty() -> Self {
        Self {
            version: Box::default(),
            file: File::default(),
            providers: Vec::new(),
            hosts: HostIndex::default(),
            families: Families::default(),
            apps: Apps::default(),
        }
    }
}

impl Provider {
    fn of(entry: &ProviderEntry) -> Result<Self, RegistryError> {
        let schema_name = words::known(words::PROVIDERS, &entry.schema_name).ok_or_else(|| {
            RegistryError::UnknownWord {
                entry: format!("provider {:?}", entry.id),
                field: "schema_name",
                given: entry.schema_name.clone(),
                allowed: words::PROVIDERS,
            }
        })?;
        Ok(Self {
            id: entry.id.as_str().into(),
            name: entry.name.as_str().into(),
            schema_name,
            otel: entry.otel.as_ref().unwrap_or(&entry.id).as_str().into(),
            prices: entry.prices.as_deref().map(Into::into),
        })
    }
}

fn hosts_of(providers: &[ProviderEntry]) -> Result<HostIndex, RegistryError> {
    let mut owners: HashMap<String, &str> = HashMap::new();
    let mut patterns = Vec::new();
    for (place, provider) in providers.iter().enumerate() {
        if provider.hosts.is_empty() {
            return Err(RegistryError::Incomplete {
                entry: format!("provider {:?}", provider.id),
                problem: "no hosts; add `hosts = [\"api.example.com\"]`",
            });
        }
        for host in &provider.hosts {
            let pattern = HostPattern::parse(host).map_err(|problem| RegistryError::Pattern {
                entry: format!("provider {:?}", provider.id),
                pattern: host.clone(),
                problem,
            })?;
            if let Some(first) = owners.insert(host.to_ascii_lowercase(), &provider.id) {
                return Err(RegistryError::HostTwice {
                    pattern: host.clone(),
                    first: first.to_owned(),
                    second: provider.id.clone(),
                });
            }
            patterns.push((pattern, place));
        }
    }
    Ok(HostIndex::of(patterns))
}

fn prefixes(file: &File) -> Result<Vec<String>, RegistryError> {
    match file.model_prefixes.iter().any(String::is_empty) {
        true => Err(RegistryError::Pattern {
            entry: "`model_prefixes`".to_owned(),
            pattern: String::new(),
            problem: "a prefix cannot be empty; remove it".to_owned(),
        }),
        false => Ok(file.model_prefixes.clone()),
    }
}

fn unique<'i>(kind: &str, ids: impl Iterator<Item = &'i str>) -> Result<(), RegistryError> {
    let mut seen = HashSet::new();
    for id in ids {
        let entry = format!("{kind} {id:?}");
        if id.is_empty() || id.len() > 64 {
            let problem = "an id has 1 to 64 characters";
            return Err(RegistryError::Incomplete { entry, problem });
        }
        if !seen.insert(id) {
            return Err(RegistryError::Duplicate { entry });
        }
    }
    Ok(())
}
