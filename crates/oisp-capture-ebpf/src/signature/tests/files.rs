//! Signature files: what ships is good, and what is not good is named.

use std::path::PathBuf;

use super::*;
use crate::signature::SignatureError;

#[track_caller]
fn fault(text: &str) -> String {
    let added = Signatures::default().add("mine.toml", text);
    let fault = added.unwrap_err().to_string();
    assert!(fault.starts_with("mine.toml: "), "{fault}");
    fault
}

#[track_caller]
fn changed(from: &str, to: &str, told: &str) {
    assert!(SIGNATURE.contains(from), "{from}");
    let fault = fault(&SIGNATURE.replacen(from, to, 1));
    assert!(fault.contains(told), "{fault}");
}

#[test]
fn what_ships_is_whole() {
    let signatures = Signatures::load(&[]).unwrap();
    let names: Vec<_> = signatures
        .signatures
        .iter()
        .map(|signature| signature.name.as_str())
        .collect();
    assert_eq!(names, ["boringssl-x86_64", "boringssl-aarch64"]);
    for signature in &signatures.signatures {
        for function in &signature.functions {
            assert!(
                function.shapes.iter().all(|shape| shape.len() >= 16),
                "{}",
                function.name
            );
        }
    }
}

#[test]
fn a_bad_value_is_named_by_file_and_key() {
    let read = "signature.made-up.SSL_read";
    changed(
        "0f a2",
        "0f zz",
        &format!("{read}.shapes[0]: `zz` is neither a byte nor a call"),
    );
    changed(
        "<pending>",
        "<>",
        &format!("{read}.shapes[0]: a call of nothing"),
    );
    changed(
        "53 48 85 ff 74 05 0f a4",
        "53 48 ?? ff 74 05",
        "SSL_free.shapes[0]: no 6 fixed bytes",
    );
    changed(
        "name = \"pending\"",
        "name = \"SSL_read\"",
        "SSL_read: is there twice, and once without shapes",
    );
    changed(
        "errors = [226]",
        "errors = [226]\nonly = [227]",
        "pending.only: 227 is not in errors",
    );
    changed(
        "errors = [226]",
        "errors = [226]\ncalls = [\"other\"]",
        "pending: calls other, which is not described",
    );
    changed(
        "name = \"SSL_free\"",
        "name = \"SSL_fre\"",
        "SSL_fre: is no function that is probed",
    );
    changed(
        "name = \"SSL_read\"",
        "name = \"read\"",
        "SSL_read is missing",
    );
    changed("size = 0x60", "size = 0x60000", "SSL_write.size: more than");
    changed(
        "[\"SSL_free\"]",
        "[\"pending\"]",
        "one_of: pending is no function to probe",
    );
    changed(
        "errors = [226]",
        "",
        "pending: without shapes it needs errors",
    );
    changed(
        "<pending>",
        "<other>",
        "signature.made-up.pending: has no shapes, and none",
    );
    changed(
        "lib/tls_lib.cc",
        "lib",
        "signature.made-up.mark: wants at least 8",
    );
    changed("format = 1", "format = 2", "format: 2 is not a format");
}

#[test]
fn what_is_no_such_toml_is_named_by_line() {
    changed(
        "errors = [66]",
        "erors = [66]",
        "line 14, `erors = [66]`: unknown field `erors`",
    );
    changed(
        "arch = \"x86_64\"",
        "arch = \"sparc\"",
        "line 8, `arch = \"sparc\"`: unknown variant `sparc`",
    );
    changed("[[signature]]", "[[signature]", "line 5");
    assert!(fault("").contains("missing field `format`"));
}

#[test]
fn a_known_build_needs_both_directions_once() {
    let build = |functions: &[&str]| {
        let mut text = String::from(
            "format = 1\nversion = \"1\"\n[[build]]\nid = \"ab\"\nname = \"x\"\nlibrary = \"y\"\narch = \"aarch64\"\n",
        );
        for name in functions {
            text += &format!(
                "[[build.function]]\nname = \"{name}\"\noffset = 1\nbytes = \"01 02 03 04 05 06\"\n"
            );
        }
        text
    };
    let whole = build(&["SSL_free", "SSL_write", "SSL_read"]);
    assert!(Signatures::default().add("mine.toml", &whole).is_ok());
    for functions in [
        &["SSL_read"][..],
        &["SSL_write", "SSL_free"],
        &["SSL_read", "SSL_write", "SSL_read"],
    ] {
        assert!(fault(&build(functions)).contains("build.ab.function: wants SSL_read, SSL_write"));
    }
    assert!(fault(&build(&["SSL_reed"])).contains("build.ab.SSL_reed: is no function"));
}

#[test]
fn a_directory_adds_its_files() {
    let directory = std::env::temp_dir().join(format!("oisp-signatures-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("mine.toml"), SIGNATURE).unwrap();
    std::fs::write(directory.join("notes.txt"), "not one of them").unwrap();
    let directories = [directory.clone()];
    let signatures = Signatures::load(&directories);
    std::fs::write(directory.join("second.toml"), "format = 1").unwrap();
    let broken = Signatures::load(&directories);
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(signatures.unwrap().signatures.len(), 3);
    let broken = broken.unwrap_err().to_string();
    assert!(
        broken.contains("second.toml: ") && broken.contains("version"),
        "{broken}"
    );
    let missing = Signatures::load(&[PathBuf::from("/nowhere")]).unwrap_err();
    assert!(matches!(&missing, SignatureError::Read { path, .. } if path == "/nowhere"));
}

/// What the documentation shows is what is read.
#[test]
fn the_documentation_s_examples_are_good() {
    let page = include_str!("../../../../../docs/signatures.md");
    let blocks: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let [whole, build] = blocks[..] else {
        panic!("{blocks:?}")
    };
    let mut signatures = Signatures::default();
    signatures.add("whole.toml", whole).unwrap();
    let build = format!("format = 1\nversion = \"1\"\n{build}");
    signatures.add("build.toml", &build).unwrap();
    assert_eq!(
        (signatures.signatures.len(), signatures.builds.len()),
        (1, 1)
    );
}
