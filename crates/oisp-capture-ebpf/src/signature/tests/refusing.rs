//! Each check that fails refuses the whole program.

use oisp_ebpf_common::function::{SSL_FREE, SSL_READ, SSL_WRITE};

use super::*;

#[track_caller]
fn refused_when(because: &str, change: impl FnOnce(&mut Program)) {
    let mut program = Program::x86_64();
    change(&mut program);
    refused(&find(&program), because);
}

#[test]
fn a_required_function_that_looks_like_none_known() {
    for at in [0, 1, 5, 7, 8] {
        refused_when("SSL_read looks like none that is known", |program| {
            program.code[READ + at] ^= 1;
        });
    }
    refused_when("SSL_write looks like none that is known", |program| {
        program.code[WRITE + 13] = 0x90;
    });
}

#[test]
fn an_error_that_it_should_raise_and_does_not() {
    refused_when("SSL_read", |program| program.error(READ + SITE, 67));
    refused_when("SSL_write", |program| {
        program.error(WRITE + SITE + 0x20, 112)
    });
}

#[test]
fn an_error_beyond_its_end() {
    refused_when("SSL_read", |program| {
        program.put(READ + SITE, &[0xcc; 12]);
        program.error(READ + 0x40, 66);
    });
}

#[test]
fn an_error_of_another_source_file() {
    for at in [3, 4, 5] {
        refused_when("SSL_read", |program| program.code[READ + SITE + at] ^= 0x40);
    }
}

#[test]
fn a_reason_where_no_reason_belongs() {
    // The register of another argument.
    refused_when("SSL_read", |program| program.code[READ + SITE + 7] = 0xbe);
    refused_when("SSL_read", |program| program.code[READ + SITE + 2] = 0x05);
}

#[test]
fn calls_that_should_lead_to_one_place_and_do_not() {
    refused_when("put_error is not where it is called", |program| {
        program.call(WRITE + 8, PUT_ERROR + 1);
    });
    refused_when("put_error is not where it is called", |program| {
        program.put(READ + 9, &[0xff, 0xff, 0xff, 0x7f]);
    });
}

#[test]
fn a_called_function_that_is_another() {
    refused_when("called as pending is something else", |program| {
        program.put(PENDING + SITE, &[0xcc; 12]);
    });
}

#[test]
fn a_call_of_a_function_that_is_elsewhere() {
    let text = SIGNATURE.replace("<pending>", "<SSL_free>");
    let text = text
        .split("[[signature.function]]\nname = \"pending\"")
        .next();
    let signatures = signatures(text.unwrap());
    let mut program = Program::x86_64();
    refused(
        &signatures.find(&program.file()),
        "SSL_free is not where it is called",
    );
    program.call(READ + 13, FREE);
    let all = [(SSL_READ, READ), (SSL_WRITE, WRITE), (SSL_FREE, FREE)];
    assert_eq!(signatures.find(&program.file()), found(&all));
}

#[test]
fn a_call_somewhere_that_is_missing() {
    let text = SIGNATURE.replace(
        "name = \"SSL_free\"",
        "name = \"SSL_free\"\ncalls = [\"pending\"]\nsize = 0x20",
    );
    let signatures = signatures(&text);
    let mut program = Program::x86_64();
    let why = "SSL_free does not call pending";
    refused(&signatures.find(&program.file()), why);
    program.call(FREE + 0x30, PENDING);
    refused(&signatures.find(&program.file()), why);
    program.call(FREE + 0x12, PENDING + 1);
    refused(&signatures.find(&program.file()), why);
    program.call(FREE + 0x12, PENDING);
    let all = [(SSL_READ, READ), (SSL_WRITE, WRITE), (SSL_FREE, FREE)];
    assert_eq!(signatures.find(&program.file()), found(&all));
}

#[test]
fn a_function_that_is_in_its_callers_too() {
    let with = |from: &str, to: &str| signatures(&SIGNATURE.replacen(from, to, 1));
    let program = Program::x86_64();
    let all = [(SSL_READ, READ), (SSL_WRITE, WRITE), (SSL_FREE, FREE)];

    let only = with("errors = [66, 111]", "errors = [66, 111]\nonly = [111]");
    assert_eq!(only.find(&program.file()), found(&all));
    let mut raised = program.clone();
    raised.error(0x620, 111);
    refused(
        &only.find(&raised.file()),
        "raises what only SSL_write should",
    );
    let mut other_file = raised.clone();
    other_file.code[0x623] ^= 0x40;
    assert_eq!(only.find(&other_file.file()), found(&all));

    let callers = with("errors = [226]", "errors = [226]\ncallers = 1");
    assert_eq!(callers.find(&program.file()), found(&all));
    for opcode in [0xe8, 0xe9] {
        let mut called = program.clone();
        called.call(0x620, PENDING);
        called.code[0x620] = opcode;
        let why = "pending is called from elsewhere, too";
        refused(&callers.find(&called.file()), why);
    }
}

#[test]
fn a_function_that_is_there_twice() {
    for (function, name) in [(READ, "SSL_read"), (WRITE, "SSL_write"), (FREE, "SSL_free")] {
        refused_when(&format!("{name} is at "), |program| {
            let copy = program.code[function..function + 0x80].to_vec();
            program.put(0x600, &copy);
            // Its calls and names lead where the first one's do.
            if function != FREE {
                program.call(0x608, PUT_ERROR);
                program.error(0x600 + SITE, 66);
            }
            if function == READ {
                program.call(0x60d, PENDING);
            }
            if function == WRITE {
                program.error(0x600 + SITE + 0x20, 111);
            }
        });
    }
}

#[test]
fn nothing_that_tells_connections_apart() {
    refused_when("nothing tells one connection from the next", |program| {
        program.code[FREE] = 0xcc;
    });
}

#[test]
fn code_that_is_not_executable_is_none() {
    let mut program = Program::x86_64();
    program.flags = 4;
    assert_eq!(find(&program), Outcome::Absent);
}

#[test]
fn signatures_that_disagree() {
    let mut both = signatures(SIGNATURE);
    both.add("same.toml", SIGNATURE).unwrap();
    let all = [(SSL_READ, READ), (SSL_WRITE, WRITE), (SSL_FREE, FREE)];
    assert_eq!(both.find(&Program::x86_64().file()), found(&all));
    let other = SIGNATURE
        .replace("one_of = [\"SSL_free\"]", "")
        .replace("53 48 85 ff 74 05 0f a4", "53 48 85 ff 74 05 0f a5");
    both.add("other.toml", &other).unwrap();
    refused(&both.find(&Program::x86_64().file()), "different places");
}

#[test]
fn a_known_build_that_has_other_bytes() {
    let build = format!(
        r#"
        format = 1
        version = "8"
        [[build]]
        id = "ABCD01"
        name = "made-up 1.0"
        library = "BoringSSL"
        arch = "x86_64"
        [[build.function]]
        name = "SSL_write"
        offset = {:#x}
        bytes = "55 48 89 e5 41 57 0f a3"
        [[build.function]]
        name = "SSL_read"
        offset = {:#x}
        bytes = "55 48 89 e5 53 50"
        "#,
        CODE + WRITE,
        CODE + READ
    );
    let signatures = signatures(&build);
    let program = Program::x86_64();
    let Outcome::Found(known) = signatures.find(&program.file()) else {
        panic!("not found")
    };
    assert_eq!(
        (known.name.as_str(), known.version.as_str()),
        ("made-up 1.0", "8")
    );
    let places = [(SSL_READ, CODE + READ), (SSL_WRITE, CODE + WRITE)];
    assert_eq!(
        known.functions,
        places.map(|(number, at)| (number, at as u64))
    );

    let mut other = program.clone();
    other.code[WRITE + 7] = 0;
    refused(&signatures.find(&other.file()), "other bytes at");
    let mut another = program;
    another.build_id = vec![1, 2, 3];
    assert_eq!(signatures.find(&another.file()), Outcome::Absent);
}

/// Damage costs no more than the outcome.
#[test]
fn a_damaged_program_ends_no_search() {
    let bytes = Program::x86_64().bytes();
    let signatures = signatures(SIGNATURE);
    for length in (0..bytes.len()).step_by(61) {
        let outcome = signatures.find(&file(&bytes[..length]));
        assert!(
            !matches!(outcome, Outcome::Found(_)) || length > CODE + PENDING,
            "{length}"
        );
    }
    for at in 0..64 + 3 * 56 + 24 {
        for value in [0, 0x7f, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            let _ = signatures.find(&file(&damaged));
        }
    }
}
