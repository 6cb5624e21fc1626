//! What the code of a function looks like: bytes, of which some may be any, and
//! calls whose targets have names.

use memchr::memmem::Finder;

/// Bytes in sequence that must be fixed somewhere: they are what is searched.
const ANCHOR: usize = 6;
/// No function is described at greater length.
pub(super) const LONGEST: usize = 2048;

/// The bytes of a function, from its first on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    bytes: Vec<u8>,
    /// Bits that must be equal.
    mask: Vec<u8>,
    /// Where four bytes are a call, and what is called.
    pub(super) calls: Vec<(usize, String)>,
    anchor: std::ops::Range<usize>,
}

impl Shape {
    /// Reads bytes such as `48`, `??`, `4?`, and calls such as `<put_error>`,
    /// with any space between them.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut shape = Self {
            bytes: Vec::new(),
            mask: Vec::new(),
            calls: Vec::new(),
            anchor: 0..0,
        };
        for token in text.split_ascii_whitespace() {
            shape.push(token)?;
        }
        if shape.bytes.len() > LONGEST {
            return Err(format!("more than {LONGEST} bytes"));
        }
        shape.anchor = longest_fixed(&shape.mask);
        if shape.anchor.len() < ANCHOR {
            return Err(format!(
                "no {ANCHOR} fixed bytes in a row: too many places look like that"
            ));
        }
        Ok(shape)
    }

    fn push(&mut self, token: &str) -> Result<(), String> {
        let called = token
            .strip_prefix('<')
            .and_then(|token| token.strip_suffix('>'));
        if let Some(name) = called {
            if name.is_empty() {
                return Err(String::from("a call of nothing"));
            }
            self.calls.push((self.bytes.len(), name.into()));
            self.bytes.extend([0; 4]);
            self.mask.extend([0; 4]);
            return Ok(());
        }
        let &[high, low] = token.as_bytes() else {
            return Err(format!("`{token}` is neither a byte nor a call"));
        };
        let (Some(high), Some(low)) = (digit(high), digit(low)) else {
            return Err(format!("`{token}` is neither a byte nor a call"));
        };
        self.bytes.push(high.0 << 4 | low.0);
        self.mask.push(high.1 << 4 | low.1);
        Ok(())
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes to search for, and how far behind the start they are.
    pub(super) fn anchor(&self) -> (&[u8], usize) {
        let bytes = self.bytes.get(self.anchor.clone()).unwrap_or_default();
        (bytes, self.anchor.start)
    }

    /// Whether code starts like this.
    pub(super) fn matches(&self, code: &[u8]) -> bool {
        code.len() >= self.bytes.len()
            && (self.bytes.iter().zip(&self.mask).zip(code))
                .all(|((want, mask), is)| (want ^ is) & mask == 0)
    }
}

/// A digit and the bits of it that count.
fn digit(character: u8) -> Option<(u8, u8)> {
    if character == b'?' {
        return Some((0, 0));
    }
    let digit = char::from(character).to_digit(16)?;
    Some((u8::try_from(digit).ok()?, 0xf))
}

fn longest_fixed(mask: &[u8]) -> std::ops::Range<usize> {
    let mut longest = 0..0;
    let mut start = 0;
    for (at, mask) in mask.iter().enumerate() {
        if *mask != 0xff {
            start = at + 1;
        } else if at + 1 - start > longest.len() {
            longest = start..at + 1;
        }
    }
    longest
}

/// Shapes that are searched by the same bytes.
pub(super) struct Wanted<'a, T> {
    pub(super) finder: Finder<'a>,
    /// What each belongs to.
    pub(super) shapes: Vec<(T, &'a Shape)>,
}

/// Groups shapes by what is searched for.
pub(super) fn wanted<'a, T>(shapes: impl Iterator<Item = (T, &'a Shape)>) -> Vec<Wanted<'a, T>> {
    let mut all: Vec<Wanted<'a, T>> = Vec::new();
    for (owner, shape) in shapes {
        let (anchor, _) = shape.anchor();
        match all.iter_mut().find(|one| one.finder.needle() == anchor) {
            Some(same) => same.shapes.push((owner, shape)),
            None => all.push(Wanted {
                finder: Finder::new(anchor),
                shapes: vec![(owner, shape)],
            }),
        }
    }
    all
}
