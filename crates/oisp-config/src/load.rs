//! The layers, one over the other: default, file, variables, flags.

use std::ffi::OsString;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::check::{check, remove};
use crate::keys::{Key, keys};
use crate::path::Path;
use crate::secrets::secrets;
use crate::tree::Node;
use crate::variables::{Alias, lay_over, slips, variables};
use crate::{Findings, Flags, Mistake, Origin, Refused, Stamp, file, places};

/// A configuration as a whole.
pub trait Settings: Clone + Default + Serialize + DeserializeOwned + JsonSchema {
    /// Other names of variables.
    const ALIASES: &'static [Alias];

    /// Finds what types and ranges do not tell: what contradicts, what is not
    /// there.
    fn check(&self, findings: &mut Findings<'_>);
}

/// Where values come from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The file that `--config` names.
    pub named: Option<PathBuf>,
    /// The file's places where none is named; the first that is there is read.
    pub places: Vec<PathBuf>,
    /// Environment variables whose names begin with `OISP_`.
    pub variables: Vec<(String, OsString)>,
    /// What the command line sets.
    pub flags: Flags,
}

impl Sources {
    /// Those of this process.
    #[must_use]
    pub fn of_this_process(named: Option<PathBuf>, flags: Flags) -> Self {
        let ours = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        Self {
            named,
            places: places(),
            variables: std::env::vars_os()
                .filter_map(ours)
                .filter(|(name, _)| name.starts_with("OISP_"))
                .collect(),
            flags,
        }
    }

    /// The file that is read; none where none is named and none is there.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let named = self.named.clone().or_else(|| self.named_by_variable());
        named.or_else(|| self.places.iter().find(|path| path.exists()).cloned())
    }

    fn named_by_variable(&self) -> Option<PathBuf> {
        let mut variables = self.variables.iter();
        let (_, path) = variables.find(|(name, _)| name == "OISP_CONFIG")?;
        (!path.is_empty()).then(|| PathBuf::from(path))
    }
}

/// A configuration that can be used.
#[derive(Clone)]
pub struct Loaded<T> {
    /// What is in force.
    pub settings: T,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// What the file was when it was read.
    pub stamp: Option<Stamp>,
    /// What is no mistake for sure, but probably one.
    pub warnings: Vec<String>,
    pub(crate) given: Node,
}

/// Reads all layers.
///
/// # Errors
/// Every mistake that was found, in all layers.
pub fn load<T: Settings>(sources: &Sources) -> Result<Loaded<T>, Refused> {
    let defaults = defaults_of::<T>();
    let keys = keys_of::<T>(&defaults);
    let known = variables(&keys, T::ALIASES);
    let file = sources.file();
    let stamp = file.as_deref().map(Stamp::of);
    let mut mistakes = Vec::new();
    let mut given = Node::empty();
    if let Some(path) = &file {
        // Of a file that cannot be read, nothing further is known.
        given = file::read(path).map_err(|mistakes| Refused { mistakes })?;
        mistakes.extend(check(&mut given, &keys));
    }
    mistakes.extend(lay_over(&mut given, &known, &sources.variables, &defaults));
    mistakes.extend(sources.flags.lay_over(&mut given, &defaults));
    mistakes.extend(check(&mut given, &keys));
    mistakes.extend(secrets(&given, &keys));
    let settings: T = typed(&mut given, &mut mistakes);
    let mut findings = Findings::new(&given);
    settings.check(&mut findings);
    // What was taken out of it is not missing.
    let told: Vec<String> = mistakes.iter().map(|mistake| mistake.key.clone()).collect();
    let is_new = |mistake: &Mistake| !told.contains(&mistake.key);
    mistakes.extend(findings.into_mistakes().into_iter().filter(is_new));
    mistakes.sort_by_key(Mistake::place);
    if !mistakes.is_empty() {
        return Err(Refused { mistakes });
    }
    Ok(Loaded {
        settings,
        file,
        stamp,
        warnings: slips(&known, &sources.variables),
        given,
    })
}

/// The type's own readers; what they refuse is taken out, until they take the
/// rest.
fn typed<T: Settings>(given: &mut Node, mistakes: &mut Vec<Mistake>) -> T {
    loop {
        let error = match serde_path_to_error::deserialize(given.to_json()) {
            Ok(settings) => return settings,
            Err(error) => error,
        };
        let path = Path::from(error.path());
        mistakes.push(Mistake {
            origin: given.origin_near(&path).clone(),
            key: path.to_string(),
            what: error.inner().to_string(),
        });
        if !remove(given, &path) {
            return T::default();
        }
    }
}

pub(crate) fn defaults_of<T: Settings>() -> Json {
    serde_json::to_value(T::default()).unwrap_or(Json::Null)
}

pub(crate) fn keys_of<T: Settings>(defaults: &Json) -> Vec<Key> {
    keys(&schema::<T>(), defaults)
}

/// The JSON Schema of a configuration file, for editors.
#[must_use]
pub fn schema<T: Settings>() -> Schema {
    schemars::schema_for!(T)
}

impl<T> Loaded<T> {
    /// Where the value of a key comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        let node = self.given.at(&Path::parse(key));
        node.map_or(Origin::Default, |node| node.origin.clone())
    }
}
