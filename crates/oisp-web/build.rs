//! Writes the table of the dashboard's files, which the crate embeds. Without
//! a built dashboard the table is empty and the crate builds all the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = manifest.join("../../frontend/dist");
    // Cargo reruns a script at every build while a path that it watches is
    // missing. An empty folder costs nothing, and filling it is noticed. Where
    // the source is read-only nothing will fill it either.
    let _ = fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        list(&dist, &dist.canonicalize()?, &mut files)?;
    }
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("assets.rs");
    fs::write(out, table(&files))
}

/// Collects (path under `root`, absolute path) of every file below `folder`.
fn list(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
            continue;
        }
        let absolute = path.canonicalize()?;
        let root = root.canonicalize()?;
        let Ok(relative) = absolute.strip_prefix(&root) else {
            continue;
        };
        let name = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        files.push((name, absolute));
    }
    Ok(())
}

fn table(files: &[(String, PathBuf)]) -> String {
    let mut text = String::from("static ASSETS: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let _ = writeln!(
            text,
            "    ({name:?}, include_bytes!({:?})),",
            path.display().to_string()
        );
    }
    text.push_str("];\n");
    text
}
