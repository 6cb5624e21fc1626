//! What is looked for. A rule has keywords and a pattern: most text holds none
//! of the keywords, and one pass over it tells.

use aho_corasick::AhoCorasick;
use regex::{Captures, Regex};

use crate::Mode;

/// A kind of secret or personal datum.
struct Rule {
    name: &'static str,
    /// Text without any of them cannot match. Lower case.
    keywords: &'static [&'static str],
    /// The whole match is replaced, or group 1 where there is one.
    pattern: &'static str,
    /// A further check of what matched.
    check: fn(&str) -> bool,
}

const fn secret(
    name: &'static str,
    keywords: &'static [&'static str],
    pattern: &'static str,
) -> Rule {
    Rule {
        name,
        keywords,
        pattern,
        check: |_| true,
    }
}

const SECRETS: &[Rule] = &[
    secret(
        "private_key",
        &["private key"],
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    secret("anthropic_key", &["sk-ant-"], r"sk-ant-[A-Za-z0-9_-]{8,}"),
    secret(
        "openai_key",
        &["sk-"],
        r"\bsk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_-]{16,}",
    ),
    secret(
        "github_token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,})",
    ),
    secret("gitlab_token", &["glpat-"], r"\bglpat-[A-Za-z0-9_-]{20,}"),
    secret(
        "aws_access_key",
        &["akia", "asia"],
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    ),
    secret("google_key", &["aiza"], r"\bAIza[A-Za-z0-9_-]{30,}"),
    secret("google_oauth", &["ya29."], r"\bya29\.[A-Za-z0-9_-]{20,}"),
    secret("slack_token", &["xox"], r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    secret(
        "stripe_key",
        &["_live_", "_test_"],
        r"\b[prs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    ),
    secret("huggingface_token", &["hf_"], r"\bhf_[A-Za-z0-9]{20,}"),
    secret("groq_key", &["gsk_"], r"\bgsk_[A-Za-z0-9]{20,}"),
    secret("xai_key", &["xai-"], r"\bxai-[A-Za-z0-9]{20,}"),
    secret("perplexity_key", &["pplx-"], r"\bpplx-[A-Za-z0-9]{20,}"),
    secret("replicate_token", &["r8_"], r"\br8_[A-Za-z0-9]{20,}"),
    secret("npm_token", &["npm_"], r"\bnpm_[A-Za-z0-9]{30,}"),
    secret("pypi_token", &["pypi-"], r"\bpypi-[A-Za-z0-9_-]{40,}"),
    secret(
        "jwt",
        &["eyj"],
        r"\beyJ[A-Za-z0-9_-]{6,}\.eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}",
    ),
    secret(
        "bearer_token",
        &["bearer"],
        r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{16,})",
    ),
    secret(
        "basic_auth",
        &["basic"],
        r"(?i)\bauthorization[^A-Za-z0-9]{1,4}basic\s+([A-Za-z0-9+/=]{8,})",
    ),
    secret(
        "url_password",
        &["://"],
        r"://[^/\s:@]{0,64}:([^/\s:@]{3,})@",
    ),
    secret(
        "named_secret",
        &["key", "secret", "token", "passw", "pwd", "credential"],
        r#"(?i)(?:api[_-]?key|secret(?:[_-]?(?:access[_-]?)?key)?|(?:access|auth|refresh|session|id)[_-]?token|token|passw(?:or)?d|pwd|credentials?)\\?["']?\s*[:=]\s*\\?["']?([^\s"'\\,;&\[\]{}()<>]{8,})"#,
    ),
    // Options of a command line, with the value after a space.
    secret(
        "named_secret",
        &["key", "secret", "token", "passw", "pwd", "credential"],
        r#"(?i)(?:^|\s)--?(?:[a-z0-9]+[_-])*(?:(?:api|access|secret|private)[_-]?key|secret|token|passw(?:or)?d|pwd|credentials?)\s+('[^'\n]{4,}'|[^\s'"\\/~.-][^\s'"]{3,})"#,
    ),
    Rule {
        name: "named_secret",
        keywords: &["key"],
        pattern: r#"(?i)(?:^|\s)--?(?:[a-z0-9]+[_-])*key\s+('[^'\n]{12,}'|[^\s'"\\/~.-][^\s'"]{11,})"#,
        check: has_digits_and_letters,
    },
    Rule {
        name: "basic_auth",
        keywords: &["-u", "--user", "--proxy-user"],
        pattern: r"(?i)(?:^|\s)(?:-u|--user|--proxy-user)\s+'?[^\s:'@/]{1,64}:([^\s']{3,})",
        // A user and a group, in numbers, are no secret.
        check: |secret| {
            !secret
                .trim_end_matches([';', ',', '.', ')'])
                .bytes()
                .all(|byte| byte.is_ascii_digit())
        },
    },
];

const PERSONAL: &[Rule] = &[
    secret(
        "email",
        &["@"],
        r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24}\b",
    ),
    Rule {
        name: "card",
        keywords: &["3", "4", "5", "6"],
        pattern: r"\b[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}\b",
        check: passes_luhn,
    },
];

/// Names of fields whose value is a secret whatever it looks like.
const SECRET_NAMES: [&str; 14] = [
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "api-key",
    "access_token",
    "refresh_token",
    "auth_token",
    "client_secret",
    "private_key",
    "secret_key",
    "authorization",
    "secret_access_key",
];

/// The rules of a mode, compiled.
pub(crate) struct Rules {
    rules: Vec<(&'static Rule, Regex)>,
    /// All keywords; `owner` tells the rule of each.
    keywords: Option<AhoCorasick>,
    owner: Vec<usize>,
    redacts: bool,
}

impl Rules {
    pub(crate) fn of(mode: Mode) -> Self {
        let chosen: Vec<&'static Rule> = match mode {
            Mode::Off => Vec::new(),
            Mode::Minimal => SECRETS.iter().collect(),
            Mode::Safe | Mode::Full => SECRETS.iter().chain(PERSONAL).collect(),
        };
        // The patterns are constants; a test compiles each of them.
        let rules: Vec<_> = chosen
            .into_iter()
            .filter_map(|rule| Some((rule, Regex::new(rule.pattern).ok()?)))
            .collect();
        let owned = rules
            .iter()
            .enumerate()
            .flat_map(|(n, (rule, _))| rule.keywords.iter().map(move |word| (n, *word)));
        let (owner, words): (Vec<_>, Vec<_>) = owned.unzip();
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(words)
            .ok();
        Self {
            redacts: !rules.is_empty(),
            rules,
            keywords,
            owner,
        }
    }

    /// The text with every finding replaced; `None` where there is none.
    pub(crate) fn redact(&self, text: &str) -> Option<String> {
        let mut safe: Option<String> = None;
        for (rule, regex) in self.candidates(text) {
            let now = safe.as_deref().unwrap_or(text);
            if let Some(next) = replace(rule, regex, now) {
                safe = Some(next);
            }
        }
        safe
    }

    pub(crate) fn is_secret_name(&self, name: &str) -> bool {
        self.redacts
            && SECRET_NAMES
                .iter()
                .any(|secret| secret.eq_ignore_ascii_case(name))
    }

    /// The rules of which the text holds a keyword, in their order.
    fn candidates(&self, text: &str) -> impl Iterator<Item = (&'static Rule, &Regex)> {
        let mut hit = vec![false; self.rules.len()];
        let mut left = hit.len();
        if let Some(keywords) = &self.keywords {
            for found in keywords.find_overlapping_iter(text) {
                let owner = self.owner.get(found.pattern().as_usize());
                if let Some(hit) = owner.and_then(|owner| hit.get_mut(*owner))
                    && !std::mem::replace(hit, true)
                {
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                }
            }
        }
        self.rules
            .iter()
            .zip(hit)
            .filter(|(_, hit)| *hit)
            .map(|((rule, regex), _)| (*rule, regex))
    }
}

fn replace(rule: &Rule, regex: &Regex, text: &str) -> Option<String> {
    let mut found = false;
    let safe = regex.replace_all(text, |captures: &Captures<'_>| {
        let whole = captures.get(0).map_or("", |whole| whole.as_str());
        let secret = captures.get(1).map_or(whole, |group| group.as_str());
        if secret.contains("[REDACTED:") || !(rule.check)(secret) {
            return whole.to_owned();
        }
        found = true;
        let mark = format!("[REDACTED:{}]", rule.name);
        match captures.get(1).zip(captures.get(0)) {
            Some((group, whole_match)) => {
                let before = whole
                    .get(..group.start() - whole_match.start())
                    .unwrap_or_default();
                let after = whole
                    .get(group.end() - whole_match.start()..)
                    .unwrap_or_default();
                format!("{before}{mark}{after}")
            }
            None => mark,
        }
    });
    let safe = safe.into_owned();
    found.then_some(safe)
}

/// A key is random; the names of columns, fields and files seldom are.
fn has_digits_and_letters(secret: &str) -> bool {
    secret.bytes().any(|byte| byte.is_ascii_digit())
        && secret.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The check digit of payment cards (ISO/IEC 7812-1), for 13 to 19 digits.
fn passes_luhn(number: &str) -> bool {
    let digits: Vec<u32> = number
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(
            Rules::of(Mode::Safe).rules.len(),
            SECRETS.len() + PERSONAL.len()
        );
    }

    #[test]
    fn a_match_always_holds_one_of_its_keywords() {
        for rule in SECRETS.iter().chain(PERSONAL) {
            assert!(
                rule.keywords
                    .iter()
                    .all(|word| *word == word.to_ascii_lowercase()),
                "{}",
                rule.name
            );
        }
    }
}
