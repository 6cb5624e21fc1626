//! What is found, and what there is nothing to find in.

use oisp_ebpf_common::function::{SSL_FREE, SSL_READ, SSL_WRITE};

use super::*;

const ALL: [(u64, usize); 3] = [(SSL_READ, READ), (SSL_WRITE, WRITE), (SSL_FREE, FREE)];

#[test]
fn the_functions_are_found_by_number_and_place() {
    assert_eq!(find(&Program::x86_64()), found(&ALL));
}

#[test]
fn a_function_across_two_blocks_is_found_once() {
    for start in [1 << 20, 2 << 20] {
        for read in [start - 20, start - 3, start, start + 1] {
            let mut program = Program::x86_64();
            let code = program.code.clone();
            program.code = vec![0xcc; read - READ];
            program.code.extend(code);
            // The code moved away from the data, and calls went with it.
            let by = read - READ;
            program.error(READ + by + SITE, 66);
            program.error(WRITE + by + SITE, 66);
            program.error(WRITE + by + SITE + 0x20, 111);
            program.error(PENDING + by + SITE, 226);
            assert_eq!(
                find(&program),
                found(&ALL.map(|(number, at)| (number, at + by))),
                "{read:#x}"
            );
        }
    }
}

#[test]
fn an_optional_function_that_is_not_there_is_left_out() {
    let text = SIGNATURE.replace(r#"one_of = ["SSL_free"]"#, "");
    let mut program = Program::x86_64();
    program.put(FREE, &[0xcc]);
    assert_eq!(
        signatures(&text).find(&program.file()),
        found(&[(SSL_READ, READ), (SSL_WRITE, WRITE)])
    );
}

#[test]
fn a_function_may_be_described_more_than_once() {
    let other =
        "[[signature.function]]\nname = \"SSL_write\"\nshapes = [\"55 48 89 e5 41 57 0f a9\"]\n";
    let signatures = signatures(&format!("{SIGNATURE}{other}"));
    let mut program = Program::x86_64();
    assert_eq!(signatures.find(&program.file()), found(&ALL));
    program.put(WRITE + 7, &[0xa9]);
    assert_eq!(signatures.find(&program.file()), found(&ALL));
    program.put(0x600, &[0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x0f, 0xa9]);
    refused(&signatures.find(&program.file()), "SSL_write is at ");
}

/// Code of aarch64: `adrp`, `add` and `mov` apart from each other, as where
/// error sites share them.
#[test]
fn the_other_processor_s_code_is_read_too() {
    let text = r#"
        format = 1
        version = "7"
        [[signature]]
        name = "made-up"
        library = "BoringSSL"
        arch = "aarch64"
        mark = "lib/tls_lib.cc"
        [[signature.function]]
        name = "SSL_read"
        errors = [66]
        size = 0x40
        shapes = ["fd 7b bd a9 f5 0b 00 f9 <put_error>"]
        [[signature.function]]
        name = "SSL_write"
        errors = [66, 111]
        size = 0x40
        shapes = ["ff 03 01 d1 fd 7b 01 a9 <put_error>"]
    "#;
    let mut program = Program::aarch64();
    let site = |program: &mut Program, at: usize, reason: u32, adds: bool| {
        // Code is two megabytes behind the data, and one page further.
        let pages = (0x200_i32 - 0x401).cast_unsigned() & 0x1f_ffff;
        program.word(at, 0x9000_0002 | (pages & 3) << 29 | (pages >> 2) << 5);
        program.word(at + 4, 0x5280_0001 | reason << 5);
        if adds {
            program.word(at + 8, 0x9100_0042 | 0x206 << 10);
        }
    };
    program.put(READ, &[0xfd, 0x7b, 0xbd, 0xa9, 0xf5, 0x0b, 0x00, 0xf9]);
    program.word(
        READ + 8,
        0x9400_0000 | u32::try_from((PUT_ERROR - READ - 8) / 4).unwrap(),
    );
    site(&mut program, READ + 0x20, 66, true);
    program.put(WRITE, &[0xff, 0x03, 0x01, 0xd1, 0xfd, 0x7b, 0x01, 0xa9]);
    program.word(
        WRITE + 8,
        0x9400_0000 | u32::try_from((PUT_ERROR - WRITE - 8) / 4).unwrap(),
    );
    site(&mut program, WRITE + 0x10, 111, false);
    site(&mut program, WRITE + 0x20, 66, true);
    let both = found(&[(SSL_READ, READ), (SSL_WRITE, WRITE)]);
    assert_eq!(signatures(text).find(&program.file()), both);

    let words = |from: usize| 0x9400_0000 | u32::try_from(0x400_0000 - from / 4).unwrap();
    // Backwards is a call, too, and a jump is none.
    let mut jumps = program.clone();
    jumps.word(
        WRITE + 8,
        0x1400_0000 | u32::try_from((PUT_ERROR - WRITE - 8) / 4).unwrap(),
    );
    refused(&signatures(text).find(&jumps.file()), "put_error");
    let mut backwards = program.clone();
    backwards.word(READ + 8, words(READ + 8));
    backwards.word(WRITE + 8, words(WRITE + 8));
    assert_eq!(signatures(text).find(&backwards.file()), both);
    // Jumps count among the callers, and a function's own error is its own.
    let strict = text
        .replace("<put_error>\"]", "<put_error>\"]\n        only = [111]")
        .replacen("only = [111]", "only = [66]", 1);
    refused(
        &signatures(&strict).find(&program.file()),
        "raises what only SSL_read",
    );
    let strict = strict.replacen("only = [66]", "", 1)
        + "[[signature.function]]\nname = \"put_error\"\nerrors = [7]\nsize = 0x40\ncallers = 2\n";
    let mut called = program.clone();
    site(&mut called, PUT_ERROR + 0x10, 7, true);
    assert_eq!(signatures(&strict).find(&called.file()), both);
    called.word(0x700, 0x1400_0000 | words(0x700 - PUT_ERROR) & 0x03ff_ffff);
    refused(
        &signatures(&strict).find(&called.file()),
        "put_error is called from elsewhere",
    );
    // Another site near by adds; where none does, another text may be meant.
    let mut nobody = program;
    nobody.word(READ + 0x28, 0);
    assert_eq!(signatures(text).find(&nobody.file()), both);
    nobody.word(WRITE + 0x28, 0);
    refused(&signatures(text).find(&nobody.file()), "SSL_read");
}

#[test]
fn what_does_not_carry_the_library_is_not_searched() {
    let mut other = Program::x86_64();
    other.data = b"lib/tls_lib.cc and more\0".to_vec();
    assert_eq!(find(&other), Outcome::Absent);
    let mut elsewhere = Program::x86_64();
    elsewhere.machine = EM_AARCH64;
    assert_eq!(find(&elsewhere), Outcome::Absent);
    for bytes in [&b""[..], b"#!/bin/sh\necho lib/tls_lib.cc", &[0x7f; 4096]] {
        assert_eq!(signatures(SIGNATURE).find(&file(bytes)), Outcome::Absent);
    }
}

/// They are the largest programs, and have their own TLS.
#[test]
fn what_go_built_is_not_searched() {
    let bytes = Program::x86_64().bytes();
    let name = bytes.windows(4).position(|name| name == b"GNU\0").unwrap();
    let mut go = bytes.clone();
    go[name - 12..name + 4].copy_from_slice(b"\x04\0\0\0\x03\0\0\0\x04\0\0\0Go\0\0");
    assert_eq!(signatures(SIGNATURE).find(&file(&go)), Outcome::Absent);
    assert_eq!(signatures(SIGNATURE).find(&file(&bytes)), found(&ALL));
}

#[test]
fn this_program_carries_none_that_ships() {
    let signatures = Signatures::load(&[]).unwrap();
    let exe = File::open("/proc/self/exe").unwrap();
    assert_eq!(signatures.find(&exe), Outcome::Absent);
}
