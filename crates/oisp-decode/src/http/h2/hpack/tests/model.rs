//! An encoder that makes any legal choice, to see that a decoder joined at any
//! block, whatever the table's size, never takes one entry for another.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// An encoder's table (RFC 7541, section 4) and what it has written.
struct Encoder {
    entries: VecDeque<(String, String)>,
    max_size: usize,
    block: Vec<u8>,
    fields: Vec<String>,
}

/// One choice; the numbers are taken modulo what there is to choose from.
#[derive(Clone, Debug)]
enum Choice {
    Static(usize),
    Dynamic(usize),
    Insert { name: usize, value: usize },
    InsertUnderIndex { index: usize, value: usize },
    Plain { index: usize, value: usize },
    Resize(usize),
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        any::<usize>().prop_map(Choice::Static),
        any::<usize>().prop_map(Choice::Dynamic),
        any::<usize>().prop_map(Choice::Dynamic),
        (0usize..50, 0usize..300).prop_map(|(name, value)| Choice::Insert { name, value }),
        (any::<usize>(), 0usize..900)
            .prop_map(|(index, value)| Choice::InsertUnderIndex { index, value }),
        (any::<usize>(), 0usize..300).prop_map(|(index, value)| Choice::Plain { index, value }),
        (0usize..9000).prop_map(Choice::Resize),
    ]
}

impl Encoder {
    fn new(max_size: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            max_size,
            block: Vec::new(),
            fields: Vec::new(),
        }
    }

    fn write(&mut self, choice: &Choice, number: usize) {
        let text = |len: usize| format!("{number}-{}", "v".repeat(len));
        match *choice {
            Choice::Static(index) => {
                let index = index % STATIC.len();
                self.number(0x80, 7, index + 1);
                self.note(STATIC[index].0, STATIC[index].1);
            }
            Choice::Dynamic(age) => {
                let Some(age) = age.checked_rem(self.entries.len()) else {
                    return;
                };
                self.number(0x80, 7, STATIC.len() + 1 + age);
                let (name, value) = self.entries[age].clone();
                self.note(&name, &value);
            }
            Choice::Insert { name, value } => {
                let (name, value) = (format!("n{name}"), text(value));
                self.number(0x40, 6, 0);
                self.string(&name);
                self.string(&value);
                self.insert(name, value);
            }
            Choice::InsertUnderIndex { index, value } => {
                let (name, value) = (self.name_at(0x40, 6, index), text(value));
                self.string(&value);
                self.insert(name, value);
            }
            Choice::Plain { index, value } => {
                let (name, value) = (self.name_at(0x10, 4, index), text(value));
                self.string(&value);
                self.note(&name, &value);
            }
            // Only the first of a block may be one; later ones are legal to read.
            Choice::Resize(size) => {
                self.number(0x20, 5, size);
                self.max_size = size;
                self.evict(0);
            }
        }
    }

    fn name_at(&mut self, bits: u8, prefix: u8, index: usize) -> String {
        let index = index % (STATIC.len() + self.entries.len());
        self.number(bits, prefix, index + 1);
        match STATIC.get(index) {
            Some((name, _)) => (*name).to_owned(),
            None => self.entries[index - STATIC.len()].0.clone(),
        }
    }

    fn insert(&mut self, name: String, value: String) {
        self.note(&name, &value);
        let size = name.len() + value.len() + 32;
        self.evict(size);
        if size <= self.max_size {
            self.entries.push_front((name, value));
        }
    }

    fn evict(&mut self, room: usize) {
        let size = |entries: &VecDeque<(String, String)>| {
            entries
                .iter()
                .map(|(name, value)| name.len() + value.len() + 32)
                .sum::<usize>()
        };
        while !self.entries.is_empty() && size(&self.entries) + room > self.max_size {
            self.entries.pop_back();
        }
    }

    fn note(&mut self, name: &str, value: &str) {
        self.fields.push(format!("{name}: {value}"));
    }

    fn string(&mut self, text: &str) {
        self.number(0, 7, text.len());
        self.block.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, bits: u8, prefix: u8, number: usize) {
        let full = (1usize << prefix) - 1;
        if number < full {
            return self.block.push(bits | u8::try_from(number).unwrap());
        }
        self.block.push(bits | u8::try_from(full).unwrap());
        let mut rest = number - full;
        while rest >= 0x80 {
            self.block.push(0x80 | u8::try_from(rest & 0x7f).unwrap());
            rest >>= 7;
        }
        self.block.push(u8::try_from(rest).unwrap());
    }
}

/// Reads the blocks from `joined` on; gives how many fields were unknown.
fn unknown_fields(size: usize, blocks: &[Vec<Choice>], joined: usize, limit: usize) -> usize {
    let (mut encoder, mut decoder) = (Encoder::new(size), Decoder::new(limit));
    let mut unknown = 0;
    for (at, choices) in blocks.iter().enumerate() {
        for (number, choice) in choices.iter().enumerate() {
            encoder.write(choice, at * 1000 + number);
        }
        let (block, expected) = (
            std::mem::take(&mut encoder.block),
            std::mem::take(&mut encoder.fields),
        );
        if at < joined {
            continue;
        }
        let (found, result) = fields(&mut decoder, &block);
        assert_eq!((result, found.len()), (Ok(()), expected.len()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                found == "?" || found == expected,
                "{found} is not {expected}"
            );
            unknown += usize::from(found == "?");
        }
    }
    unknown
}

fn blocks() -> impl Strategy<Value = Vec<Vec<Choice>>> {
    vec(vec(choice(), 0..12), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn seen_from_the_start_every_field_is_known(blocks in blocks()) {
        prop_assert_eq!(unknown_fields(4096, &blocks, 0, LIMIT), 0);
    }

    #[test]
    fn joined_at_any_block_no_field_is_wrong(
        blocks in blocks(), size in 0usize..70_000, joined in 0usize..30, limit in 0usize..70_000,
    ) {
        unknown_fields(size, &blocks, joined, limit);
    }
}
