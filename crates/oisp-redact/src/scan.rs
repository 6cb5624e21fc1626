//! All detectors over one text, in all its views.

use std::ops::Range;

use oisp_core::HashKey;
use regex::bytes::{Regex, RegexBuilder};

use crate::config::{
    Action, ConfigError, MAX_PATTERN, MAX_PATTERNS, PatternConfig, RedactionConfig,
};
use crate::entity::{ENTITIES, Entity};
use crate::finding::{Finding, MARK, marks, rewrite, settle};
use crate::rules::{BUILT_IN, Rule};
use crate::{Mode, encoded, pem, personal, views};

/// Nothing that is looked for is shorter, bytes.
const SHORTEST: usize = 6;
/// How often what has been redacted is looked at again: taking something out
/// may bring together what stood around it.
const ROUNDS: usize = 4;

/// Longer texts are taken out whole, bytes: bodies are shorter.
const LONGEST: usize = 64 << 20;
/// In marks beside the names of rules: what is taken out whatever it is.
const OTHERS: [&str; 2] = ["content", TOO_LONG];
const TOO_LONG: &str = "too_long";

/// What is looked for, and what becomes of it.
pub(crate) struct Scanner {
    actions: [Option<Action>; ENTITIES],
    /// Of the rules that come with the sensor, those that are used.
    rules: Vec<bool>,
    patterns: Vec<Pattern>,
    key: Option<HashKey>,
    is_on: bool,
}

/// A pattern of the user's.
struct Pattern {
    name: String,
    regex: Regex,
    action: Action,
}

/// Where a text stands: what is an address there by its nature stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Something that was said or done.
    Text,
    /// The end of a connection.
    Address,
}

/// A text after redaction.
pub(crate) struct Redacted<'a> {
    pub text: String,
    /// What was taken out, in order, and whether it was a secret.
    pub found: Vec<(&'a str, bool)>,
    /// It was one finding from its beginning to its end.
    pub whole: bool,
}

impl Scanner {
    pub(crate) fn new(config: &RedactionConfig, key: Option<HashKey>) -> Result<Self, ConfigError> {
        let patterns = patterns(&config.patterns)?;
        config
            .secrets
            .except
            .iter()
            .try_for_each(|id| known_rule(id))?;
        Ok(Self {
            is_on: config.mode != Mode::Off,
            patterns,
            key,
            ..Self::of_mode(config)
        })
    }

    /// What a mode looks for, without patterns of the user's.
    pub(crate) fn of_mode(config: &RedactionConfig) -> Self {
        let actions = config.actions();
        let except = &config.secrets.except;
        let is_used = |rule: &Rule| {
            let entity = Entity::from(rule.entity);
            let action = actions.get(entity.index()).copied().flatten();
            action.is_some() && !except.contains(&rule.id)
        };
        Self {
            is_on: config.mode != Mode::Off,
            rules: BUILT_IN.rules.iter().map(is_used).collect(),
            actions,
            patterns: Vec::new(),
            key: None,
        }
    }

    /// With the key of hashes.
    pub(crate) fn with_key(self, key: HashKey) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// The key of hashes.
    pub(crate) const fn key(&self) -> Option<&HashKey> {
        self.key.as_ref()
    }

    /// Whether that is looked for.
    pub(crate) fn looks_for(&self, entity: Entity) -> bool {
        self.action(entity).is_some()
    }

    fn action(&self, entity: Entity) -> Option<Action> {
        self.actions.get(entity.index()).copied().flatten()
    }

    /// The text with every finding replaced; `None` where there is none.
    pub(crate) fn redact(&self, text: &str, place: Place) -> Option<Redacted<'_>> {
        if text.len() > LONGEST && self.is_on {
            return Some(Redacted {
                text: format!("{MARK}{TOO_LONG}]"),
                found: vec![(TOO_LONG, false)],
                whole: true,
            });
        }
        let findings = self.scan(text, place);
        let first = findings.first()?;
        let drops = findings
            .iter()
            .any(|finding| finding.action == Action::Drop);
        let whole = drops || findings.len() == 1 && first.range == (0..text.len());
        let mut redacted = Redacted {
            text: rewrite(text, &findings, self.key()),
            found: findings
                .iter()
                .map(|finding| (finding.name, finding.is_secret))
                .collect(),
            whole,
        };
        for _ in 1..ROUNDS {
            let more = self.scan(&redacted.text, place);
            if more.is_empty() {
                break;
            }
            redacted
                .found
                .extend(more.iter().map(|finding| (finding.name, finding.is_secret)));
            redacted.text = rewrite(&redacted.text, &more, self.key());
            redacted.whole = false;
        }
        Some(redacted)
    }

    /// The findings of a text, in order.
    pub(crate) fn scan(&self, text: &str, place: Place) -> Vec<Finding<'_>> {
        if !self.is_on || (text.len() < SHORTEST && self.patterns.is_empty()) {
            return Vec::new();
        }
        let mut findings = Vec::new();
        self.look(text, place, &mut |finding| findings.push(finding));
        views::each(text, &mut |view, origin| {
            self.look(view, place, &mut |finding| {
                let range = origin(finding.range.clone());
                findings.push(Finding { range, ..finding });
            });
        });
        // Names of hosts are told in lower case, whatever was asked for.
        if place == Place::Address && text.is_ascii() {
            let upper = text.to_ascii_uppercase();
            self.look(&upper, place, &mut |finding| findings.push(finding));
        }
        if findings.is_empty() {
            return findings;
        }
        settle(text, findings, &self.marks(text))
    }

    /// Looks at one view, and at what is encoded in it.
    fn look<'a>(&'a self, text: &str, place: Place, found: &mut dyn FnMut(Finding<'a>)) {
        self.detect(text, place, found);
        encoded::each(text.as_bytes(), &mut |run, decoded| {
            self.detect(decoded, place, &mut |finding| {
                found(Finding {
                    range: run.clone(),
                    ..finding
                });
            });
        });
    }

    /// Runs the detectors over one view.
    fn detect<'a>(&'a self, text: &str, place: Place, found: &mut dyn FnMut(Finding<'a>)) {
        let bytes = text.as_bytes();
        let marks = self.marks(text);
        BUILT_IN.find(bytes, &self.rules, &marks, &mut |rank, rule, range| {
            self.tell(
                rule.entity.into(),
                Some((&rule.id, rank)),
                text,
                range,
                found,
            );
        });
        if self.looks_for(Entity::PrivateKey) {
            pem::find(bytes, &mut |range| {
                self.tell(Entity::PrivateKey, None, text, range, found)
            });
        }
        if self.looks_for(Entity::Email) {
            personal::emails(bytes, &mut |range| {
                self.tell(Entity::Email, None, text, range, found)
            });
        }
        if self.wants_numbers() {
            personal::numbers(bytes, &mut |entity, range| {
                let is_place =
                    place == Place::Address && matches!(entity, Entity::Ip | Entity::PrivateIp);
                if !is_place {
                    self.tell(entity, None, text, range, found);
                }
            });
        }
        self.detect_patterns(text, found);
    }

    fn marks(&self, text: &str) -> Vec<Range<usize>> {
        marks(text, &|name| self.is_name(name))
    }

    /// What may stand in a mark: whoever writes something else there hides it.
    fn is_name(&self, name: &str) -> bool {
        OTHERS.contains(&name)
            || BUILT_IN.rules.iter().any(|rule| rule.id == name)
            || Entity::ALL.iter().any(|entity| entity.name() == name)
            || self.patterns.iter().any(|pattern| pattern.name == name)
    }

    fn wants_numbers(&self) -> bool {
        use Entity::{Card, Crypto, Iban, Ip, Phone, PrivateIp, Ssn};
        [Card, Iban, Phone, Ssn, Ip, PrivateIp, Crypto]
            .into_iter()
            .any(|entity| self.looks_for(entity))
    }

    fn detect_patterns<'a>(&'a self, text: &str, found: &mut dyn FnMut(Finding<'a>)) {
        for (n, pattern) in self.patterns.iter().enumerate() {
            for groups in pattern.regex.captures_iter(text.as_bytes()) {
                let Some(part) = groups
                    .get(1)
                    .or_else(|| groups.get(0))
                    .filter(|part| !part.is_empty())
                else {
                    continue;
                };
                found(Finding {
                    range: whole_characters(text, part.range()),
                    name: &pattern.name,
                    rank: BUILT_IN.rules.len() + ENTITIES + n,
                    action: pattern.action,
                    is_secret: false,
                });
            }
        }
    }

    /// Tells a finding, where its kind is wanted.
    fn tell<'a>(
        &self,
        entity: Entity,
        rule: Option<(&'a str, usize)>,
        text: &str,
        range: Range<usize>,
        found: &mut dyn FnMut(Finding<'a>),
    ) {
        let Some(action) = self.action(entity) else {
            return;
        };
        let (name, rank) = rule.unwrap_or((entity.name(), BUILT_IN.rules.len() + entity.index()));
        // A whole private key has precedence over what stands in it.
        let rank = if entity == Entity::PrivateKey && rule.is_none() {
            0
        } else {
            rank + 1
        };
        found(Finding {
            range: whole_characters(text, range),
            name,
            rank,
            action,
            is_secret: entity.is_secret(),
        });
    }
}

/// Expressions on bytes may end within a character.
fn whole_characters(text: &str, range: Range<usize>) -> Range<usize> {
    text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end)
}

fn known_rule(id: &str) -> Result<(), ConfigError> {
    let ids = || BUILT_IN.rules.iter().map(|rule| rule.id.as_str());
    if ids().any(|known| known == id) {
        return Ok(());
    }
    let alike = |known: &&str| {
        known
            .bytes()
            .zip(id.bytes())
            .take_while(|(a, b)| a == b)
            .count()
    };
    Err(ConfigError::UnknownRule {
        id: id.to_owned(),
        nearest: ids().max_by_key(alike).filter(|known| alike(known) >= 3),
    })
}

fn patterns(configs: &[PatternConfig]) -> Result<Vec<Pattern>, ConfigError> {
    if configs.len() > MAX_PATTERNS {
        return Err(ConfigError::TooMany {
            count: configs.len(),
        });
    }
    let mut patterns: Vec<Pattern> = Vec::new();
    for config in configs {
        let pattern = pattern(config)?;
        if patterns.iter().any(|known| known.name == pattern.name) {
            return Err(ConfigError::Twice { name: pattern.name });
        }
        patterns.push(pattern);
    }
    Ok(patterns)
}

fn pattern(config: &PatternConfig) -> Result<Pattern, ConfigError> {
    let name = config.name.clone();
    let is_named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=40).contains(&name.len()) || !name.bytes().all(is_named) {
        return Err(ConfigError::Name { name });
    }
    if config.regex.len() > MAX_PATTERN {
        return Err(ConfigError::TooLong {
            name,
            length: config.regex.len(),
        });
    }
    let built = RegexBuilder::new(&config.regex)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .nest_limit(50)
        .build();
    match built {
        Err(source) => Err(ConfigError::Regex {
            name,
            source: Box::new(source),
        }),
        Ok(regex) if regex.is_match(b"") => Err(ConfigError::MatchesNothing { name }),
        Ok(regex) => Ok(Pattern {
            name,
            regex,
            action: config.action,
        }),
    }
}
