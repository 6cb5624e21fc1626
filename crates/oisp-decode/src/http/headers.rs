//! Header fields. They carry credentials: `Debug` shows names only.

use std::fmt;

/// Header fields in wire order, names in lower case.
#[derive(Clone, Default, PartialEq)]
pub struct Headers {
    fields: Vec<(Box<str>, Box<[u8]>)>,
    /// Fields whose name or value was not captured.
    unknown: usize,
}

impl Headers {
    /// Adds a field.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        self.fields
            .push((name.to_ascii_lowercase().into(), value.into()));
    }

    /// Memory, about.
    pub fn held(&self) -> usize {
        /// Of the allocations of a name and a value.
        const OVERHEAD: usize = 32;
        let each = size_of::<(Box<str>, Box<[u8]>)>() + OVERHEAD;
        let bytes = self.fields.iter();
        let bytes: usize = bytes.map(|(name, value)| name.len() + value.len()).sum();
        bytes + self.fields.capacity() * each
    }

    /// Counts a field that was there and could not be read.
    pub fn push_unknown(&mut self) {
        self.unknown += 1;
    }

    /// How many fields could not be read: while it is not 0, an absent field
    /// may have been there.
    pub const fn unknown(&self) -> usize {
        self.unknown
    }

    /// The first value of a field, where it is text. `name` in lower case.
    pub fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// All values of a field that are text. `name` in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self
            .fields
            .iter()
            .filter(move |(field, _)| **field == *name);
        named.filter_map(|(_, value)| text(value))
    }

    /// All fields whose value is text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter();
        fields.filter_map(|(name, value)| Some((&**name, text(value)?)))
    }

    /// True where a comma-separated field holds `token`, whatever its case.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(token))
    }
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok().map(str::trim)
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.fields.iter().map(|(name, _)| name))
            .finish()
    }
}
