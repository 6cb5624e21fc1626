//! What a user types into a search box: words that must all be there, `"words in
//! a row"`, and `begin*` for the beginning of a word. Nothing in it is syntax
//! that could be wrong.
//!
//! Out: a query for SQLite's FTS5, or the same question to a text in memory.

/// A search that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    text: String,
    is_prefix: bool,
}

/// Most terms of a search, and most bytes of it that are looked at.
const MOST_TERMS: usize = 32;
const MOST_BYTES: usize = 4 << 10;

impl Words {
    /// Reads what was typed. `None` where it holds nothing to search for.
    pub fn parse(typed: &str) -> Option<Self> {
        let end = typed.floor_char_boundary(MOST_BYTES.min(typed.len()));
        let typed = typed.get(..end).unwrap_or_default();
        let quoted = typed.split('"').enumerate();
        let terms = quoted.flat_map(|(index, part)| {
            // Between the first and the second mark, the third and the fourth …
            if index % 2 == 1 {
                vec![Term::new(part)]
            } else {
                part.split_whitespace().map(Term::new).collect()
            }
        });
        let terms: Vec<_> = terms.flatten().take(MOST_TERMS).collect();
        (!terms.is_empty()).then_some(Self(terms))
    }

    /// The query for FTS5: every term a string, which holds no syntax.
    pub fn fts(&self) -> String {
        let terms = self.0.iter().map(|term| {
            let star = if term.is_prefix { "*" } else { "" };
            format!("\"{}\"{star}", term.text)
        });
        terms.collect::<Vec<_>>().join(" ")
    }

    /// True for a text in which all terms are.
    pub fn are_in(&self, text: &str) -> bool {
        let text = tokens(text);
        self.0.iter().all(|term| term.is_in(&text))
    }
}

impl Term {
    fn new(part: &str) -> Option<Self> {
        let is_prefix = part.ends_with('*');
        let words: Vec<_> = part.split(|c: char| !c.is_alphanumeric()).collect();
        let text = words.join(" ").trim().to_owned();
        (!text.is_empty()).then_some(Self { text, is_prefix })
    }

    fn is_in(&self, text: &[String]) -> bool {
        let wanted = tokens(&self.text);
        let Some((last, first)) = wanted.split_last() else {
            return false;
        };
        text.windows(wanted.len()).any(|window| {
            let Some((at_last, at_first)) = window.split_last() else {
                return false;
            };
            at_first == first
                && (at_last == last || self.is_prefix && at_last.starts_with(last.as_str()))
        })
    }
}

fn tokens(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fts(typed: &str) -> Option<String> {
        Words::parse(typed).map(|words| words.fts())
    }

    #[test]
    fn every_term_is_a_string() {
        assert_eq!(fts("Zürich weather").unwrap(), "\"Zürich\" \"weather\"");
        assert_eq!(fts("\"in a row\" rest*").unwrap(), "\"in a row\" \"rest\"*");
        assert_eq!(
            fts("a AND (b OR -c) NEAR:^d").unwrap(),
            "\"a\" \"AND\" \"b\" \"OR\" \"c\" \"NEAR  d\""
        );
        assert_eq!(fts("foo_bar.rs").unwrap(), "\"foo bar rs\"");
        assert_eq!(fts("open \"quote").unwrap(), "\"open\" \"quote\"");
    }

    #[test]
    fn nothing_to_search_for_is_none() {
        for typed in ["", "  ", "\"\"", "*", "!? ()", "\0"] {
            assert_eq!(fts(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn a_text_in_memory_answers_alike() {
        let text = "Read the file src/main_loop.rs, then stop.";
        let is_in = |typed| Words::parse(typed).unwrap().are_in(text);
        assert!(is_in("FILE stop"));
        assert!(is_in("\"file src main\""));
        assert!(is_in("main_loop.rs"));
        assert!(is_in("sto*"));
        assert!(!is_in("sto"));
        assert!(!is_in("\"file main\""));
    }
}
