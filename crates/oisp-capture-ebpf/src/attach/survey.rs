//! The planner's questions without its answers: which files would be probed, and
//! for whom.

use std::collections::BTreeMap;
use std::path::Path;

use super::target::{self, FileId};
use super::view::ProcessView;
use super::{hint, known};
use crate::process;
use crate::process::maps;
use crate::tls::{self, Carries};

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Files looked at: the path under which one carries TLS, `None` where it
    /// does not.
    files: BTreeMap<FileId, Option<String>>,
}

impl Survey {
    /// Looks at the files that are probed ahead.
    pub(crate) fn look_at_known(&mut self) {
        for path in known::files_of_this_machine() {
            if let Ok(metadata) = std::fs::metadata(&path) {
                self.look_at_file(&path, FileId::of(&metadata), &path, false);
            }
        }
    }

    /// Looks at what a process has mapped; `None` where it is gone.
    pub(crate) fn look_at(&mut self, pid: u32, name: String) -> Option<(ProcessView, Vec<String>)> {
        let exe = std::fs::read_link(process::path(pid, "exe")).ok();
        let mut seen = ProcessView {
            name,
            exe: exe.as_ref().map(|exe| exe.to_string_lossy().into_owned()),
            since_ms: 0,
            targets: Vec::new(),
            other_tls: Vec::new(),
            left_out: false,
            error: None,
        };
        let mut via = Vec::new();
        match maps::executable_files(pid) {
            Ok(files) => {
                for file in files {
                    seen.other_tls.extend(hint::library(&file.path));
                    let Ok((path, id)) = target::locate(pid, &file) else {
                        continue;
                    };
                    via.extend(self.look_at_file(
                        &path,
                        id,
                        &file.path,
                        exe.as_deref() == Some(&file.path) || target::may_be_deep(&file.path),
                    ));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => seen.error = Some(format!("cannot read its memory map: {error}")),
        }
        Some((seen, via))
    }

    /// The path of a file that carries TLS.
    fn look_at_file(
        &mut self,
        path: &Path,
        id: FileId,
        shown: &Path,
        deep: bool,
    ) -> Option<String> {
        let look = || {
            let file = target::open(path, id).ok()?;
            let found = tls::look_into(&file, deep);
            matches!(found, Carries::Tls(_)).then(|| shown.to_string_lossy().into_owned())
        };
        self.files.entry(id).or_insert_with(look).clone()
    }

    /// All files that carry TLS.
    pub(crate) fn libraries(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.files.values().flatten().cloned().collect();
        paths.sort();
        paths
    }
}
