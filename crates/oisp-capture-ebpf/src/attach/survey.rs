//! The planner's questions without its answers: which files would be probed, and
//! for whom.

use std::collections::BTreeMap;
use std::path::Path;

use super::known;
use super::target::{self, FileId};
use super::view::ProcessView;
use crate::process;
use crate::process::maps::{self, Mapping};
use crate::signature::Signatures;
use crate::tls::{self, Carries, Stack};

/// What was found so far.
#[derive(Debug)]
pub(crate) struct Survey {
    signatures: Signatures,
    /// Files looked at.
    files: BTreeMap<FileId, Looked>,
}

/// What a look at a file told.
#[derive(Clone, Debug)]
enum Looked {
    /// It carries TLS, at this path.
    Tls(String),
    /// It does, and is not probed: why.
    Unprobed(String),
    Nothing,
}

impl Survey {
    /// Nothing found yet, and what programs without symbols are known by.
    pub(crate) fn new(signatures: Signatures) -> Self {
        Self {
            signatures,
            files: BTreeMap::new(),
        }
    }

    /// Looks at the files that are probed ahead.
    pub(crate) fn look_at_known(&mut self) {
        for path in known::files_of_this_machine() {
            if let Ok(metadata) = std::fs::metadata(&path) {
                let deep = known::is_program(&path);
                self.look_at_file(&path, FileId::of(&metadata), &path, deep);
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
            is_target: false,
            other_tls: Vec::new(),
            left_out: false,
            may_carry: Vec::new(),
            error: None,
            unprobed: None,
        };
        let mut via = Vec::new();
        match maps::executable_files(pid) {
            Ok(files) => {
                for file in files {
                    let is_exe = exe.as_deref() == Some(&file.path);
                    let mut target = None;
                    match self.look_at_mapped(pid, &file, is_exe) {
                        (id, Looked::Tls(path)) => {
                            via.push(path);
                            target = id;
                        }
                        (_, Looked::Unprobed(why)) => seen.unprobed = Some(why),
                        (_, Looked::Nothing) => {}
                    }
                    seen.add(&file.path, is_exe, target);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => seen.error = Some(format!("cannot read its memory map: {error}")),
        }
        Some((seen, via))
    }

    /// What a look at a mapped file tells.
    fn look_at_mapped(
        &mut self,
        pid: u32,
        file: &Mapping,
        is_exe: bool,
    ) -> (Option<FileId>, Looked) {
        let Ok((path, id)) = target::locate(pid, file) else {
            return (None, Looked::Nothing);
        };
        let deep = is_exe || target::may_be_deep(&file.path);
        (Some(id), self.look_at_file(&path, id, &file.path, deep))
    }

    fn look_at_file(&mut self, path: &Path, id: FileId, shown: &Path, deep: bool) -> Looked {
        let look = || {
            let Ok(file) = target::open(path, id) else {
                return Looked::Nothing;
            };
            match tls::look_into(&self.signatures, &file, deep) {
                Carries::Tls(stacks) if stacks.iter().any(Stack::is_tls) => {
                    Looked::Tls(shown.to_string_lossy().into_owned())
                }
                Carries::Unsure(why) => Looked::Unprobed(why),
                Carries::Tls(_) | Carries::Nothing => Looked::Nothing,
            }
        };
        self.files.entry(id).or_insert_with(look).clone()
    }

    /// All files that carry TLS.
    pub(crate) fn libraries(&self) -> Vec<String> {
        let path = |looked: &Looked| match looked {
            Looked::Tls(path) => Some(path.clone()),
            Looked::Unprobed(_) | Looked::Nothing => None,
        };
        let mut paths: Vec<String> = self.files.values().filter_map(path).collect();
        paths.sort();
        paths
    }
}
