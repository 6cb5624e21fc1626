//! Which files are probed, for whom, and why others are not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::target::{self, FileId};
use super::view::{ProcessView, StackView, TargetView};
use super::{SharedView, View, hint, known};
use crate::heap;
use crate::object::{Link, Programs, Scope};
use crate::process::maps::{self, Mapping};
use crate::process::{self, stat};
use crate::tls::{self, Carries, Stack};

/// A probed file. Its links detach when this is dropped.
struct Target {
    path: PathBuf,
    users: BTreeSet<u32>,
    _link: Link,
}

/// What is remembered of a process between two looks.
struct Looked {
    address_space: u64,
    start_ns: u64,
}

/// Attaches, and keeps the books on it.
pub(crate) struct Planner {
    programs: Programs,
    targets: BTreeMap<FileId, Target>,
    /// Files that were looked at and are not probed, and how deep the look was.
    passed: HashSet<(FileId, bool)>,
    looked: HashMap<u32, Looked>,
    roots: HashSet<PathBuf>,
    view: SharedView,
}

/// Files passed over are forgotten beyond this many.
const PASSED: usize = 65_536;

impl Planner {
    /// A planner that has attached nothing yet.
    pub(crate) fn new(programs: Programs) -> Self {
        Self {
            targets: BTreeMap::new(),
            passed: HashSet::new(),
            looked: HashMap::new(),
            roots: HashSet::new(),
            view: Arc::new(Mutex::new(View {
                method: programs.method().as_str(),
                ..View::default()
            })),
            programs,
        }
    }

    /// What others may see of it.
    pub(crate) fn view(&self) -> SharedView {
        Arc::clone(&self.view)
    }

    /// Probes what is known, and what running processes use.
    pub(crate) fn start(&mut self) {
        if let Ok(root) = std::fs::read_link("/proc/self/ns/mnt") {
            self.roots.insert(root);
        }
        for path in known::files_of_this_machine() {
            self.probe_known(&path);
        }
        for pid in process::all() {
            self.look_at(pid);
        }
    }

    /// Looks at all processes whose address space changed, and lets go of what
    /// nobody can use any more.
    pub(crate) fn round(&mut self) {
        let running: BTreeSet<u32> = process::all().into_iter().collect();
        let gone: Vec<u32> = self
            .looked
            .keys()
            .filter(|pid| !running.contains(pid))
            .copied()
            .collect();
        for pid in gone {
            self.exited(pid);
        }
        let before = lock(&self.view).files;
        for pid in running {
            self.look_at(pid);
        }
        self.release();
        if lock(&self.view).files != before {
            heap::give_back();
        }
    }

    /// A process ended.
    pub(crate) fn exited(&mut self, pid: u32) {
        if self.looked.remove(&pid).is_none() {
            return;
        }
        for target in self.targets.values_mut() {
            target.users.remove(&pid);
        }
        let mut view = lock(&self.view);
        view.processes.remove(&pid);
        for target in view.targets.values_mut() {
            target.users.retain(|user| *user != pid);
        }
    }

    /// Looks at the files that a process has mapped, unless nothing changed
    /// since the last look. A process that is gone is no error.
    pub(crate) fn look_at(&mut self, pid: u32) {
        if pid == std::process::id() {
            return;
        }
        let Some(stat) = stat::read(pid).filter(|stat| !stat.is_kernel && !stat.is_dead) else {
            return;
        };
        let looked = Looked {
            address_space: stat.address_space,
            start_ns: stat.start_ns,
        };
        if let Some(before) = self.looked.get(&pid) {
            if before.start_ns != looked.start_ns {
                self.exited(pid);
            } else if before.address_space == looked.address_space {
                return;
            }
        }
        self.looked.insert(pid, looked);
        self.probe_root_of(pid);
        self.look_at_maps(pid);
    }

    fn look_at_maps(&mut self, pid: u32) {
        let exe = std::fs::read_link(process::path(pid, "exe")).ok();
        let mut seen = ProcessView {
            name: std::fs::read_to_string(process::path(pid, "comm"))
                .unwrap_or_default()
                .trim_end()
                .into(),
            exe: exe.as_ref().map(|exe| exe.to_string_lossy().into_owned()),
            since_ms: now_ms(),
            targets: Vec::new(),
            other_tls: Vec::new(),
            error: None,
        };
        match maps::executable_files(pid) {
            Ok(files) => {
                for file in &files {
                    let is_exe =
                        exe.as_deref() == Some(&file.path) || is_deleted_exe(exe.as_deref(), file);
                    seen.targets.extend(self.probe_mapped(pid, file, is_exe));
                    seen.other_tls.extend(hint::library(&file.path));
                }
            }
            Err(error) => seen.error = Some(format!("cannot read its memory map: {error}")),
        }
        self.note(pid, seen);
    }

    /// The target that a mapped file is, probed now if it was not before.
    fn probe_mapped(&mut self, pid: u32, file: &Mapping, is_exe: bool) -> Option<FileId> {
        let (path, id) = target::locate(pid, file).ok()?;
        if !self.probe(
            &path,
            id,
            Shown {
                path: &file.path,
                deep: is_exe || target::may_be_deep(&file.path),
                known: false,
            },
        ) {
            return None;
        }
        self.targets.get_mut(&id)?.users.insert(pid);
        if let Some(shown) = lock(&self.view).targets.get_mut(&id)
            && !shown.users.contains(&pid)
        {
            shown.users.push(pid);
        }
        Some(id)
    }

    fn probe_known(&mut self, path: &Path) {
        let Ok(metadata) = std::fs::metadata(path) else {
            return;
        };
        if metadata.is_file() {
            self.probe(
                path,
                FileId::of(&metadata),
                Shown {
                    path,
                    deep: false,
                    known: true,
                },
            );
        }
    }

    /// A process with a root of its own: the usual files there, ahead of the
    /// programs that will run in it.
    fn probe_root_of(&mut self, pid: u32) {
        let Ok(namespace) = std::fs::read_link(process::path(pid, "ns/mnt")) else {
            return;
        };
        if !self.roots.insert(namespace) {
            return;
        }
        let root = process::path(pid, "root");
        if std::fs::canonicalize(&root).is_ok() {
            for path in known::files(&root) {
                self.probe_known(&path);
            }
        }
    }

    /// True where the file is a target after this.
    fn probe(&mut self, path: &Path, id: FileId, shown: Shown<'_>) -> bool {
        if self.targets.contains_key(&id) {
            return true;
        }
        if self.passed.contains(&(id, shown.deep)) {
            return false;
        }
        if self.passed.len() >= PASSED {
            self.passed.clear();
        }
        lock(&self.view).files += 1;
        match self.attach(path, id, shown.deep) {
            Ok(Some((link, stacks))) => self.add(id, link, &stacks, &shown),
            Ok(None) => {
                self.passed.insert((id, shown.deep));
                false
            }
            Err(why) => {
                tracing::debug!(path = %shown.path.display(), why, "a TLS library is not probed");
                self.passed.insert((id, shown.deep));
                let mut view = lock(&self.view);
                view.failures += 1;
                view.targets.insert(id, shown.line(&[], Some(why)));
                false
            }
        }
    }

    /// `None` where the file carries no TLS, or is gone; why not where it does
    /// and cannot be probed.
    fn attach(
        &mut self,
        path: &Path,
        id: FileId,
        deep: bool,
    ) -> Result<Option<(Link, Vec<Stack>)>, String> {
        let Ok(file) = target::open(path, id) else {
            return Ok(None);
        };
        let stacks = match tls::look_into(&file, deep) {
            Carries::Tls(stacks) => stacks,
            Carries::Unsure(why) => return Err(why),
            Carries::Nothing => return Ok(None),
        };
        let places: Vec<_> = stacks
            .iter()
            .flat_map(|stack| stack.places.iter().copied())
            .collect();
        let link = self.programs.attach(&file, &places, Scope::AllProcesses);
        link.map(|link| Some((link, stacks)))
            .map_err(|error| format!("the kernel did not take the probes: {error}"))
    }

    fn add(&mut self, id: FileId, link: Link, stacks: &[Stack], shown: &Shown<'_>) -> bool {
        tracing::debug!(path = %shown.path.display(), "probing a TLS library");
        lock(&self.view)
            .targets
            .insert(id, shown.line(stacks, None));
        let path = shown.path.to_path_buf();
        self.targets.insert(
            id,
            Target {
                path,
                users: BTreeSet::new(),
                _link: link,
            },
        );
        true
    }

    /// Detaches from files that are neither used nor to be found any more.
    fn release(&mut self) {
        let there = |id: &FileId, target: &Target| {
            std::fs::metadata(&target.path).is_ok_and(|metadata| FileId::of(&metadata) == *id)
        };
        let unused = self
            .targets
            .iter()
            .filter(|(id, target)| target.users.is_empty() && !there(id, target));
        let over: Vec<FileId> = unused.map(|(id, _)| *id).collect();
        for id in over {
            self.targets.remove(&id);
            let mut view = lock(&self.view);
            view.targets.remove(&id);
            view.detached += 1;
        }
    }

    fn note(&self, pid: u32, mut seen: ProcessView) {
        seen.other_tls.sort_unstable();
        seen.other_tls.dedup();
        let mut view = lock(&self.view);
        if let Some(before) = view
            .processes
            .get(&pid)
            .filter(|before| before.exe == seen.exe)
        {
            seen.since_ms = before.since_ms;
        }
        view.processes.insert(pid, seen);
    }
}

/// How a file is shown, and how it is looked at.
struct Shown<'a> {
    path: &'a Path,
    deep: bool,
    known: bool,
}

impl Shown<'_> {
    fn line(&self, stacks: &[Stack], error: Option<String>) -> TargetView {
        TargetView {
            path: self.path.to_string_lossy().into_owned(),
            stacks: stacks.iter().map(StackView::of).collect(),
            probes: stacks.iter().map(|stack| stack.places.len()).sum(),
            error,
            users: Vec::new(),
            known: self.known,
            since_ms: now_ms(),
        }
    }
}

/// The link of a deleted program ends in a remark.
fn is_deleted_exe(exe: Option<&Path>, file: &Mapping) -> bool {
    let Some(exe) = exe.and_then(Path::to_str) else {
        return false;
    };
    file.deleted
        && exe
            .strip_suffix(" (deleted)")
            .is_some_and(|exe| Path::new(exe) == file.path)
}

/// A panic elsewhere does not make the books unreadable.
pub(crate) fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
