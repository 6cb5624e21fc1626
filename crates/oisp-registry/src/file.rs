//! The registry file as it is written: TOML, format 1. `docs/registry.md`
//! describes it for users.
//!
//! Nothing is judged here beyond the shape; keys that the format does not have
//! are errors, because a misspelt key that is ignored is a setting that does
//! nothing.

use serde::Deserialize;

use crate::error::RegistryError;

/// The largest file that is read.
pub const MAX_FILE_LEN: usize = 4 * 1024 * 1024;

const SCHEMA: i64 = 1;

/// A file, read and not yet judged.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(rename = "schema")]
    _schema: i64,
    pub(crate) version: Option<String>,
    /// Prefixes that a router or a cloud puts before a model's own name.
    #[serde(default)]
    pub(crate) model_prefixes: Vec<String>,
    /// Programs that run another's script: what the script is, they are.
    #[serde(default)]
    pub(crate) interpreters: Vec<String>,
    #[serde(default, rename = "provider")]
    pub(crate) providers: Vec<ProviderEntry>,
    #[serde(default, rename = "model_family")]
    pub(crate) families: Vec<FamilyEntry>,
    #[serde(default, rename = "app")]
    pub(crate) apps: Vec<AppEntry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderEntry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) schema_name: String,
    pub(crate) otel: Option<String>,
    pub(crate) prices: Option<String>,
    pub(crate) hosts: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FamilyEntry {
    pub(crate) models: Vec<String>,
    pub(crate) family: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppEntry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vendor: Option<String>,
    pub(crate) category: String,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) agent_type: Option<String>,
    #[serde(default)]
    pub(crate) is_ai_app: bool,
    #[serde(default)]
    pub(crate) is_ai_host: bool,
    #[serde(default)]
    pub(crate) framework: bool,
    #[serde(default)]
    pub(crate) user_agents: Vec<String>,
    /// Words that, where they stand in the user agent too, make it another's.
    #[serde(default)]
    pub(crate) unless: Vec<String>,
    /// The word of the user agent that holds the version, where it is another.
    pub(crate) version_from: Option<String>,
    #[serde(default)]
    pub(crate) executables: Vec<String>,
    #[serde(default)]
    pub(crate) scripts: Vec<String>,
    #[serde(default)]
    pub(crate) bundle_ids: Vec<String>,
}

/// What is read first: another format may have other keys.
#[derive(Deserialize)]
struct Head {
    schema: Option<i64>,
}

impl File {
    pub(crate) fn parse(text: &str) -> Result<Self, RegistryError> {
        if text.len() > MAX_FILE_LEN {
            return Err(RegistryError::TooLarge {
                len: text.len(),
                max: MAX_FILE_LEN,
            });
        }
        match toml::from_str::<Head>(text)?.schema {
            None => return Err(RegistryError::NoSchema),
            Some(SCHEMA) => (),
            Some(found) => return Err(RegistryError::Schema { found }),
        }
        let file: Self = toml::from_str(text)?;
        match &file.version {
            Some(version) if !is_plain(version) => Err(RegistryError::Version(version.clone())),
            _ => Ok(file),
        }
    }

    /// This file with another's entries before its own: an entry with a known
    /// id takes the place of the known one, and a host goes to the newcomer.
    pub(crate) fn with(&self, mut added: Self) -> Self {
        let known = self.clone();
        let claimed: Vec<String> = added
            .providers
            .iter()
            .flat_map(|provider| provider.hosts.iter())
            .map(|host| host.to_ascii_lowercase())
            .collect();
        let ids: Vec<String> = added
            .providers
            .iter()
            .map(|entry| entry.id.clone())
            .collect();
        let old = known.providers.into_iter().filter_map(|mut provider| {
            provider.hosts.retain(|host| !claimed.contains(host));
            let kept = !ids.contains(&provider.id) && !provider.hosts.is_empty();
            kept.then_some(provider)
        });
        added.providers.extend(old);
        let ids: Vec<String> = added.apps.iter().map(|entry| entry.id.clone()).collect();
        let old = known.apps.into_iter().filter(|app| !ids.contains(&app.id));
        added.apps.extend(old);
        added.families.extend(known.families);
        added.model_prefixes.extend(known.model_prefixes);
        added.interpreters.extend(known.interpreters);
        added.version = Some(format!(
            "{}+{}",
            known.version.unwrap_or_default(),
            added.version.unwrap_or_else(|| "local".to_owned())
        ));
        added
    }
}

fn is_plain(version: &str) -> bool {
    (1..=64).contains(&version.len())
        && version
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
