//! The loader and the object are built apart: this is where they meet.

use super::*;

#[test]
fn every_program_and_map_is_in_every_object() {
    let objects: [(&str, &[u8]); 2] = [
        (
            "x86_64",
            include_bytes_aligned!("../../../../ebpf/prebuilt/oisp-ebpf.x86_64.o"),
        ),
        (
            "aarch64",
            include_bytes_aligned!("../../../../ebpf/prebuilt/oisp-ebpf.aarch64.o"),
        ),
    ];
    for (arch, object) in objects {
        let names = symbol_names(object);
        let optional = OPTIONAL.map(|(name, ..)| name);
        let wanted = TRACEPOINTS
            .map(|(name, _)| name)
            .into_iter()
            .chain(optional);
        let at_functions = kernel_function::ALL.iter().map(|at| at.program);
        let instead = stream_programs::PLAIN_INSTEAD.into_iter().chain([
            stream_programs::STDIO_INSTEAD,
            stream_programs::START_INSTEAD,
            stream_programs::PIPES_INSTEAD,
        ]);
        let instead = instead.map(|(program, _)| program);
        for name in wanted.chain(at_functions).chain(instead).chain([
            "tls_entry",
            "tls_return",
            "go_call",
            "GO_CALLS",
            "tls_return_here",
            "RING",
            "CONNS",
            "COUNTER",
            "CALLS",
            "FILTER",
            "RULES",
            "VERDICTS",
            "WANTED",
            "WATCHED",
            "SETTING",
            "PLAIN_PORTS",
            "AGENTS",
        ]) {
            assert!(
                names.iter().any(|known| known == name),
                "{arch}: {name} not in {names:?}"
            );
        }
    }
}

fn symbol_names(object: &[u8]) -> Vec<String> {
    use object::{Object as _, ObjectSymbol as _};
    let file = object::File::parse(object).unwrap();
    file.symbols()
        .filter_map(|symbol| symbol.name().ok().map(String::from))
        .collect()
}
