//! Header blocks (HPACK, RFC 7541) of one direction, read from wherever we
//! joined it.
//!
//! A field that refers to a table entry from before is [`Field::Unknown`], not
//! an error. An error is only what no encoder writes; the block's remaining
//! fields, and every entry of the table, are then unknown.
//!
//! Limits: the table holds what the peers agreed on, up to a limit of ours.
//! A field costs time linear in the block's bytes that name it.

mod huffman;
mod input;
mod statics;
mod table;

use std::borrow::Cow;

use input::Input;
use statics::STATIC;
use table::{Entry, Table};

/// Room for a name or a value that is kept from one block to the next.
const KEPT_SCRATCH: usize = 4096;

/// The reader of one direction's header blocks.
#[derive(Debug)]
pub(super) struct Decoder {
    table: Table,
    name: Vec<u8>,
    value: Vec<u8>,
}

/// A header field of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'a> {
    /// A field, as it was sent.
    Known(&'a str, &'a [u8]),
    /// A field of which the name or the whole was sent before we joined.
    Unknown,
}

/// The bytes are no header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Decoder {
    /// Memory of the table, and of the texts that were decoded last.
    pub(super) fn held(&self) -> usize {
        self.table.held() + self.name.capacity() + self.value.capacity()
    }

    /// A decoder whose table holds `table_limit` bytes at most.
    pub(super) fn new(table_limit: usize) -> Self {
        Self {
            table: Table::new(table_limit),
            name: Vec::new(),
            value: Vec::new(),
        }
    }

    /// The other side's SETTINGS_HEADER_TABLE_SIZE.
    pub(super) fn allow_table(&mut self, size: usize) {
        self.table.allow(size);
    }

    /// Blocks were missed.
    pub(super) fn forget(&mut self) {
        self.table.forget();
    }

    /// Gives each field of `block` in order. On an error, and where the block is
    /// `cut`, the fields before are given and right; what follows is unknown.
    pub(super) fn decode(
        &mut self,
        block: &[u8],
        cut: bool,
        mut each: impl FnMut(Field<'_>),
    ) -> Result<(), Broken> {
        let mut input = Input::new(block);
        let mut result = Ok(());
        while !input.is_empty() && result.is_ok() {
            result = self.field(&mut input, &mut each);
        }
        self.name.shrink_to(KEPT_SCRATCH);
        self.value.shrink_to(KEPT_SCRATCH);
        if cut {
            result = Err(Broken);
        }
        if result.is_err() {
            self.table.forget();
        }
        result
    }

    fn field(
        &mut self,
        input: &mut Input<'_>,
        each: &mut impl FnMut(Field<'_>),
    ) -> Result<(), Broken> {
        match input.peek() {
            0x80.. => self.indexed(input, each),
            0x40.. => self.literal(input, 6, true, each),
            0x20.. => {
                let size = input.number(5)?;
                self.table.resize(size);
                Ok(())
            }
            // Without indexing, and never indexed.
            _ => self.literal(input, 4, false, each),
        }
    }

    fn indexed(
        &self,
        input: &mut Input<'_>,
        each: &mut impl FnMut(Field<'_>),
    ) -> Result<(), Broken> {
        let field = match Index::from(input.number(7)?) {
            Index::Zero => return Err(Broken),
            Index::Static(name, value) => Field::Known(name, value.as_bytes()),
            Index::Dynamic(age) => self.table.get(age).map_or(Field::Unknown, Entry::field),
        };
        each(field);
        Ok(())
    }

    fn literal(
        &mut self,
        input: &mut Input<'_>,
        prefix: u8,
        insert: bool,
        each: &mut impl FnMut(Field<'_>),
    ) -> Result<(), Broken> {
        let name = match Index::from(input.number(prefix)?) {
            Index::Zero => {
                input.string(&mut self.name)?;
                Name::Given
            }
            Index::Static(name, _) => Name::Static(name),
            Index::Dynamic(age) => self.name_of(age),
        };
        input.string(&mut self.value)?;
        each(self.read(name));
        if insert {
            let entry = Entry {
                name: self.owned(name),
                value: self.value.as_slice().into(),
            };
            self.table.insert(entry);
        }
        Ok(())
    }

    /// The name of a table entry, copied where it lives only there: the entry
    /// may be evicted by the field that refers to it.
    fn name_of(&mut self, age: usize) -> Name {
        match self.table.get(age).map(|entry| entry.name.as_ref()) {
            Some(Some(Cow::Borrowed(name))) => Name::Static(name),
            Some(Some(Cow::Owned(name))) => {
                self.name.clear();
                self.name.extend_from_slice(name.as_bytes());
                Name::Given
            }
            Some(None) | None => Name::Unknown,
        }
    }

    fn read(&self, name: Name) -> Field<'_> {
        let name = match name {
            Name::Static(name) => Some(name),
            Name::Given => std::str::from_utf8(&self.name).ok(),
            Name::Unknown => None,
        };
        name.map_or(Field::Unknown, |name| Field::Known(name, &self.value))
    }

    fn owned(&self, name: Name) -> Option<Cow<'static, str>> {
        match name {
            Name::Static(name) => Some(Cow::Borrowed(name)),
            Name::Given => std::str::from_utf8(&self.name)
                .ok()
                .map(|name| Cow::Owned(name.to_owned())),
            Name::Unknown => None,
        }
    }
}

impl Entry {
    fn field(&self) -> Field<'_> {
        self.name
            .as_deref()
            .map_or(Field::Unknown, |name| Field::Known(name, &self.value))
    }
}

/// The name of a literal field.
#[derive(Clone, Copy)]
enum Name {
    Static(&'static str),
    /// In the decoder's `name`.
    Given,
    Unknown,
}

/// What an index refers to.
enum Index {
    Zero,
    Static(&'static str, &'static str),
    /// So many insertions ago.
    Dynamic(usize),
}

impl From<usize> for Index {
    fn from(index: usize) -> Self {
        let Some(from_zero) = index.checked_sub(1) else {
            return Self::Zero;
        };
        match STATIC.get(from_zero) {
            Some((name, value)) => Self::Static(name, value),
            None => Self::Dynamic(from_zero - STATIC.len()),
        }
    }
}

#[cfg(test)]
mod tests;
