//! Programs of this machine's Go, linked in every way that makes a difference,
//! and bytes that are no program at all.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::*;

impl ReadAt for Vec<u8> {
    fn read_at(&self, into: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.get(offset..));
        let rest = rest.unwrap_or_default();
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

const PROGRAM: &str = r#"
package main

import (
	"crypto/tls"
	"os"
)

func main() {
	connection, err := tls.Dial("tcp", os.Args[1], &tls.Config{ServerName: os.Args[2]})
	if err != nil {
		panic(err)
	}
	buffer := make([]byte, 100)
	connection.Write(buffer)
	connection.Read(buffer)
	connection.Close()
}
"#;

/// A directory with that program's module in it; `None`, said aloud, where there
/// is no Go.
fn module(test: &str, program: &str) -> Option<PathBuf> {
    if Command::new("go").arg("version").output().is_err() {
        let _ = writeln!(std::io::stderr(), "skipped: {test}: go is not installed");
        return None;
    }
    let directory = std::env::temp_dir().join(format!("oisp-go-{test}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("go.mod"), "module made/up\n\ngo 1.18\n").unwrap();
    std::fs::write(directory.join("main.go"), program).unwrap();
    Some(directory)
}

fn build(directory: &Path, arguments: &[&str], arch: &str) -> File {
    let built = Command::new("go")
        .current_dir(directory)
        .env("GOARCH", arch)
        .env("CGO_ENABLED", "0")
        .args(["build", "-o", "program"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    File::open(directory.join("program")).unwrap()
}

fn functions(image: &Image<'_>) -> BTreeMap<Method, Function> {
    let Found::Functions(found) = look_into_image(image) else {
        panic!("{:?}", look_into_image(image))
    };
    found
        .into_iter()
        .map(|function| (function.method, function))
        .collect()
}

/// What the symbol table says, by its own reader.
fn symbols(directory: &Path) -> BTreeMap<String, u64> {
    let listed = Command::new("go")
        .current_dir(directory)
        .args(["tool", "nm", "program"])
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    let symbol = |line: &str| {
        let mut words = line.split_whitespace();
        let address = u64::from_str_radix(words.next()?, 16).ok()?;
        Some((String::from(words.nth(1)?), address))
    };
    text.lines().filter_map(symbol).collect()
}

/// Between a client's program and Go's symbol table.
fn check_against_symbols(directory: &Path, file: &File) {
    let image = Image::parse(file).unwrap();
    let symbols = symbols(directory);
    let found = functions(&image);
    for (name, method) in METHODS {
        let Some(address) = symbols.get(&format!("{RECEIVER}{name}")) else {
            assert!(!found.contains_key(&method), "{name}");
            continue;
        };
        let (function, start) = (&found[&method], image.offset_of(*address).unwrap());
        assert!((start..start + 24).contains(&function.entry), "{name}");
        for at in &function.returns {
            assert!(*at > start, "{name}");
            let mut word = [0; 4];
            file.read_exact_at(&mut word, *at).unwrap();
            let is_return = match image.arch {
                Arch::X86_64 => word[0] == 0xc3,
                Arch::Aarch64 => u32::from_le_bytes(word) == 0xd65f_03c0,
            };
            assert!(is_return, "{name} {word:x?}");
        }
    }
    assert!(found.contains_key(&Method::ClientHandshake));
}

#[test]
fn the_functions_are_those_of_the_symbol_table_stripped_or_not() {
    let Some(directory) = module("symbols", PROGRAM) else {
        return;
    };
    for (arch, linked) in [
        ("amd64", &["-trimpath"][..]),
        ("amd64", &["-buildmode=pie"]),
        ("arm64", &["-trimpath"]),
    ] {
        {
            let file = build(&directory, linked, arch);
            check_against_symbols(&directory, &file);
            let whole = functions(&Image::parse(&file).unwrap());
            let stripped = [linked, &["-ldflags=-s -w"]].concat();
            let file = build(&directory, &stripped, arch);
            assert!(symbols(&directory).is_empty());
            // Stripping moves nothing that is code.
            assert_eq!(
                functions(&Image::parse(&file).unwrap()),
                whole,
                "{arch} {linked:?}"
            );
        }
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_program_without_section_headers_is_read_by_its_segments() {
    let Some(directory) = module("segments", PROGRAM) else {
        return;
    };
    let file = build(&directory, &["-ldflags=-s -w"], "amd64");
    let whole = functions(&Image::parse(&file).unwrap());
    let mut bytes = std::fs::read(directory.join("program")).unwrap();
    std::fs::remove_dir_all(directory).unwrap();
    // e_shoff, and e_shnum with e_shstrndx
    bytes[40..48].fill(0);
    bytes[60..64].fill(0);
    let image = Image::parse(&bytes).unwrap();
    assert!(!image.has_sections());
    assert_eq!(functions(&image), whole);
}

#[test]
fn a_go_program_without_tls_says_so_and_another_program_is_none_of_go_s() {
    let this = File::open("/proc/self/exe").unwrap();
    assert_eq!(look_into(&this), Found::NotGo);
    let Some(directory) = module("plain", "package main\n\nfunc main() { println(1) }\n") else {
        return;
    };
    let file = build(&directory, &[], "amd64");
    let image = Image::parse(&file).unwrap();
    assert_eq!(look_into_image(&image), Found::NoTls);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_table_of_an_older_or_unknown_go_is_refused() {
    let Some(directory) = module("older", "package main\n\nfunc main() { println(1) }\n") else {
        return;
    };
    let file = build(&directory, &[], "amd64");
    let image = Image::parse(&file).unwrap();
    let at = usize::try_from(image.section(".gopclntab").unwrap().offset).unwrap();
    let mut bytes = std::fs::read(directory.join("program")).unwrap();
    std::fs::remove_dir_all(directory).unwrap();
    let reason = |bytes: &Vec<u8>| look_into_image(&Image::parse(bytes).unwrap());
    bytes[at] = 0xfa;
    assert_eq!(reason(&bytes), Found::Refused("built by Go before 1.18"));
    bytes[at] = 0xf2;
    assert!(matches!(reason(&bytes), Found::Refused(_)));
    bytes[at] = 0xf1;
    assert_eq!(reason(&bytes), Found::NoTls);
    // More functions than there is room for.
    bytes[at + 8..at + 16].copy_from_slice(&(4_u64 << 20).to_le_bytes());
    assert!(matches!(reason(&bytes), Found::Refused(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_looked_into_without_harm(mut bytes in proptest::collection::vec(any::<u8>(), 64..4096)) {
        // So that it is looked into at all.
        bytes[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0");
        let _ = look_into(&bytes);
    }

    #[test]
    fn a_damaged_program_is_looked_into_without_harm(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u64>()), 1..40),
    ) {
        let mut bytes = made_up_program();
        for (at, value) in damage {
            let at = at.index(bytes.len() - 8);
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        let _ = look_into(&bytes);
    }
}

/// One segment without sections: a header, a table, two functions.
fn made_up_program() -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const TABLE: usize = 0x100;
    const TEXT: usize = 0x300;
    let mut bytes = vec![0_u8; 0x400];
    let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
    put(0, b"\x7fELF\x02\x01\x01");
    put(16, &[2, 0, 62, 0, 1]);
    put(32, &64_u64.to_le_bytes());
    put(54, &[56, 0, 1, 0]);
    // PT_LOAD, to be read and run
    put(64, &[1, 0, 0, 0, 5]);
    for (at, value) in [(80, BASE), (96, 0x400), (104, 0x400)] {
        put(at, &value.to_le_bytes());
    }
    put(TABLE, b"\xf1\xff\xff\xff\0\0\x01\x08");
    let text = BASE + 0x300;
    let (names, pairs) = (72_u64, 128_u64);
    let header = [2, 1, text, names, pairs, pairs, pairs, pairs];
    for (number, value) in header.into_iter().enumerate() {
        put(TABLE + 8 + number * 8, &value.to_le_bytes());
    }
    put(
        TABLE + 72,
        b"\0crypto/tls.(*Conn).Read\0crypto/tls.(*Conn).Write\0",
    );
    let table: [u32; 5] = [0, 40, 32, 48, 64];
    let described: [u32; 4] = [0, 1, 32, 25];
    for (number, word) in table.iter().enumerate() {
        put(TABLE + 128 + number * 4, &word.to_le_bytes());
    }
    for (number, word) in described.iter().enumerate() {
        put(TABLE + 128 + 40 + number * 4, &word.to_le_bytes());
    }
    // cmp rsp, [r14+16]; jbe to the int3; push rbp; ret; int3 and so on
    put(TEXT, &[0xcc; 64]);
    let code = [0x49, 0x3b, 0x66, 0x10, 0x76, 2, 0x55, 0xc3];
    put(TEXT, &code);
    put(TEXT + 32, &code);
    bytes
}

#[test]
fn a_program_made_by_hand_is_read_as_it_was_made() {
    let bytes = made_up_program();
    let image = Image::parse(&bytes).unwrap();
    let made = |method, entry, at| Function {
        method,
        entry,
        returns: vec![at],
    };
    let functions = vec![
        made(Method::Read, 0x306, 0x307),
        made(Method::Write, 0x326, 0x327),
    ];
    assert_eq!(look_into_image(&image), Found::Functions(functions));
}
