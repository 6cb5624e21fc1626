//! Huffman strings (RFC 7541, section 5.2 and Appendix B), four bits a step
//! through a table that the compiler builds.

/// Bits of each symbol's code; the last symbol is EOS. The code is canonical:
/// shorter codes first, then by symbol, so that the lengths say all.
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, //
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, //
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, //
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, //
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, //
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, //
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, //
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, //
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, //
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, //
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, //
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, //
    30,
];

const SYMBOLS: usize = 257;
const EOS: u16 = 256;
/// Inner nodes of the code's tree: one fewer than its leaves.
const NODES: usize = SYMBOLS - 1;

/// What four more bits do at an inner node of the code's tree.
#[derive(Clone, Copy)]
struct Step {
    /// The node after them.
    node: u8,
    /// The symbol completed on the way: codes have 5 bits or more, so that
    /// there is at most one.
    symbol: Option<u8>,
    /// A string may end here: what is left are up to 7 one bits.
    may_end: bool,
    /// The bits hold EOS, which no string may.
    broken: bool,
}

static STEPS: [[Step; 16]; NODES] = steps();

/// Appends the text of `coded` to `out`; `None` where it is not a Huffman
/// string. Text is at most 8/5 of the coded length.
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.reserve(coded.len().saturating_mul(8) / 5);
    let (mut node, mut may_end) = (0u8, true);
    for nibble in coded.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        let step = STEPS.get(usize::from(node))?.get(usize::from(nibble))?;
        if step.broken {
            return None;
        }
        out.extend(step.symbol);
        (node, may_end) = (step.node, step.may_end);
    }
    may_end.then_some(())
}

/// Where one bit leads from an inner node.
#[derive(Clone, Copy)]
enum Child {
    Node(u8),
    Leaf(u16),
}

struct Tree {
    children: [[Child; 2]; NODES],
    /// Bits from the root where the path is all ones, else 255.
    ones: [u8; NODES],
}

#[allow(
    clippy::indexing_slicing,
    reason = "runs in the compiler: a wrong index fails the build"
)]
const fn steps() -> [[Step; 16]; NODES] {
    let tree = tree();
    let none = Step {
        node: 0,
        symbol: None,
        may_end: false,
        broken: false,
    };
    let mut steps = [[none; 16]; NODES];
    let mut node = 0;
    while node < NODES {
        let mut bits = 0;
        while bits < 16 {
            steps[node][bits] = step(&tree, node, bits);
            bits += 1;
        }
        node += 1;
    }
    steps
}

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "runs in the compiler"
)]
const fn step(tree: &Tree, from: usize, bits: usize) -> Step {
    let mut step = Step {
        node: from as u8,
        symbol: None,
        may_end: false,
        broken: false,
    };
    let mut bit = 4;
    while bit > 0 {
        bit -= 1;
        match tree.children[step.node as usize][(bits >> bit) & 1] {
            Child::Node(node) => step.node = node,
            Child::Leaf(EOS) => step.broken = true,
            Child::Leaf(symbol) => {
                step.symbol = Some(symbol as u8);
                step.node = 0;
            }
        }
    }
    step.may_end = tree.ones[step.node as usize] < 8;
    step
}

/// Lays out the tree of the canonical code.
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "runs in the compiler"
)]
const fn tree() -> Tree {
    // Node 0 is the root, so that as a child it says "not made yet".
    let mut tree = Tree {
        children: [[Child::Node(0); 2]; NODES],
        ones: [255; NODES],
    };
    tree.ones[0] = 0;
    let (mut made, mut code, mut length) = (1u8, 0u32, 5u8);
    while length <= 30 {
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] == length {
                made = place(&mut tree, made, code, length, symbol as u16);
                code += 1;
            }
            symbol += 1;
        }
        code <<= 1;
        length += 1;
    }
    tree
}

/// Puts a symbol at the end of its code's path; gives the count of nodes.
#[allow(clippy::indexing_slicing, reason = "runs in the compiler")]
const fn place(tree: &mut Tree, mut made: u8, code: u32, length: u8, symbol: u16) -> u8 {
    let (mut node, mut left) = (0usize, length);
    while left > 1 {
        left -= 1;
        let bit = ((code >> left) & 1) as usize;
        node = match tree.children[node][bit] {
            Child::Node(0) => {
                tree.children[node][bit] = Child::Node(made);
                if bit == 1 && tree.ones[node] < 255 {
                    tree.ones[made as usize] = tree.ones[node] + 1;
                }
                made = made.wrapping_add(1);
                made.wrapping_sub(1) as usize
            }
            Child::Node(next) => next as usize,
            // A code free of prefixes has no leaf on the way to another.
            Child::Leaf(_) => return made,
        };
    }
    tree.children[node][(code & 1) as usize] = Child::Leaf(symbol);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes by the code's definition, without the tree.
    fn encode(text: &[u8]) -> Vec<u8> {
        let mut order: Vec<usize> = (0..SYMBOLS).collect();
        order.sort_by_key(|symbol| (LENGTHS[*symbol], *symbol));
        let (mut codes, mut code, mut before) = ([0u32; SYMBOLS], 0u32, LENGTHS[order[0]]);
        for symbol in order {
            code <<= LENGTHS[symbol] - before;
            before = LENGTHS[symbol];
            codes[symbol] = code;
            code += 1;
        }
        let mut bits = String::new();
        for byte in text {
            let symbol = usize::from(*byte);
            bits += &format!(
                "{:0width$b}",
                codes[symbol],
                width = usize::from(LENGTHS[symbol])
            );
        }
        while !bits.len().is_multiple_of(8) {
            bits.push('1');
        }
        bits.as_bytes()
            .chunks(8)
            .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
            .collect()
    }

    fn decoded(coded: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode(coded, &mut out).map(|()| out)
    }

    #[test]
    fn the_examples_of_the_rfc() {
        let coded = [
            0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
        ];
        assert_eq!(decoded(&coded).unwrap(), b"www.example.com");
        assert_eq!(encode(b"www.example.com"), coded);
        assert_eq!(
            decoded(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]).unwrap(),
            b"no-cache"
        );
    }

    #[test]
    fn every_byte_in_every_position_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        for start in 0..256 {
            let text: Vec<u8> = all.iter().cycle().skip(start).take(300).copied().collect();
            assert_eq!(decoded(&encode(&text)).unwrap(), text);
        }
    }

    #[test]
    fn padding_is_up_to_seven_one_bits() {
        assert_eq!(decoded(&[]).unwrap(), b"");
        // '0' is 00000; then three bits of padding.
        assert_eq!(decoded(&[0b0000_0111]).unwrap(), b"0");
        assert_eq!(decoded(&[0b0000_0110]), None, "padding of other bits");
        assert_eq!(
            decoded(&[0b0000_0111, 0xff]),
            None,
            "padding of a byte or more"
        );
        assert_eq!(decoded(&[0xff]), None, "nothing but padding");
        assert_eq!(decoded(&[0xff; 4]), None, "EOS");
    }
}
