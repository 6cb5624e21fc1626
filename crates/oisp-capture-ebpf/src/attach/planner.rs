//! Which files and processes are looked at, when, and for whom files are probed.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use oisp_core::capture::ProcessFilter;

use super::ahead::Ahead;
use super::mapped::Interest;
use super::mapped_records::Mapped;
use super::reach::Reach;
use super::table::{Shown, Table};
use super::target::{self, FileId};
use super::view::ProcessView;
use super::{SharedView, View, known};
use crate::filter::Filter;
use crate::heap;
use crate::object::{FilePrograms, Programs, Scope};
use crate::process::maps::{self, Mapping};
use crate::process::{self, stat};
use crate::signature::Signatures;

/// What is remembered of a process between two looks.
struct Looked {
    address_space: u64,
    start_ns: u64,
}

/// Attaches, and keeps the books on it.
pub(crate) struct Planner {
    table: Table,
    looked: HashMap<u32, Looked>,
    ahead: Ahead,
    filter: Filter,
    files: Option<FilePrograms>,
    reach: Reach,
    interest: Arc<Interest>,
    view: SharedView,
}

/// What the planner works with besides the programs.
pub(crate) struct Parts {
    /// Which processes are observed.
    pub(crate) filter: Filter,
    /// What tells of files.
    pub(crate) files: Option<FilePrograms>,
    /// How functions without symbols are found.
    pub(crate) signatures: Signatures,
    /// Returns may be diverted; else their instructions are probed.
    pub(crate) diverts: bool,
    /// Which mappings are told.
    pub(crate) interest: Arc<Interest>,
}

impl Planner {
    /// A planner that has attached nothing yet.
    pub(crate) fn new(programs: Programs, parts: Parts) -> Self {
        let Parts {
            filter,
            files,
            signatures,
            diverts,
            interest,
        } = parts;
        let reach = Reach::of(filter.rules());
        interest.set_everyone(reach == Reach::Everyone);
        let view = Arc::new(Mutex::new(View {
            reach: reach.describe(),
            method: programs.method().as_str(),
            ..View::default()
        }));
        Self {
            table: Table::new(programs, signatures, diverts, Arc::clone(&view)),
            looked: HashMap::new(),
            ahead: Ahead::default(),
            view,
            filter,
            files,
            reach,
            interest,
        }
    }

    /// What others may see of it.
    pub(crate) fn view(&self) -> SharedView {
        Arc::clone(&self.view)
    }

    /// Probes what is known, and what running processes use.
    pub(crate) fn start(&mut self) {
        if self.reach == Reach::Everyone {
            self.probe_all_known();
        }
        for pid in process::all() {
            self.look_at(pid);
        }
    }

    fn probe_all_known(&mut self) {
        self.ahead.add_own_root();
        for path in known::files_of_this_machine() {
            self.probe_known(&path);
        }
    }

    /// Observes other processes from now on.
    pub(crate) fn set_filter(&mut self, rules: ProcessFilter) {
        self.filter.set(rules);
        process::all()
            .into_iter()
            .for_each(|pid| self.watch_named(pid));
        self.turn_to(Reach::of(self.filter.rules()));
    }

    /// Attaches for those processes, and lets go of what was for others.
    fn turn_to(&mut self, reach: Reach) {
        self.interest.set_everyone(reach == Reach::Everyone);
        self.reach = reach;
        self.looked.clear();
        self.ahead.clear_roots();
        self.start();
        self.table.keep_for(&self.reach);
        lock(&self.view).reach = self.reach.describe();
    }

    /// Leaves out that much to save time.
    pub(crate) fn shed(&mut self, level: u32) {
        self.filter.shed(level);
        lock(&self.view).shed = level;
    }

    /// A process runs another program.
    pub(crate) fn started(&mut self, pid: u32) {
        self.filter.started(pid);
        self.watch_named(pid);
    }

    /// Of processes that were asked for by rules, files are told.
    fn watch_named(&mut self, pid: u32) {
        if self.filter.names(pid) {
            self.watch_files(pid);
        }
    }

    /// Tells of the files of that process and its descendants from now on.
    pub(crate) fn watch_files(&mut self, pid: u32) {
        if let Some(files) = &mut self.files
            && files.watch(pid)
        {
            lock(&self.view).watched.insert(pid);
        }
    }

    /// A process made a child. Where single processes are probed, their children
    /// are not, and their first bytes would be missed: from now on the files are
    /// probed for everyone, and the kernel leaves the others out.
    pub(crate) fn forked(&mut self, pid: u32) {
        if self.reach != Reach::Everyone && self.reach.holds(pid) {
            tracing::info!(pid, "it has a child now: probing for all processes");
            self.turn_to(Reach::Everyone);
        }
    }

    /// Looks at programs that were installed since, at all processes whose address
    /// space changed, and lets go of what nobody can use any more.
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
        if self.reach == Reach::Everyone {
            for path in known::programs_of_this_machine() {
                self.probe_known(&path);
            }
        }
        for pid in running {
            self.look_at(pid);
        }
        self.table.release();
        if let Some(files) = &mut self.files {
            files.rest();
            lock(&self.view).files_told = files.method();
        }
        if lock(&self.view).files != before {
            heap::give_back();
        }
    }

    /// A process ended.
    pub(crate) fn exited(&mut self, pid: u32) {
        lock(&self.view).watched.remove(&pid);
        if self.looked.remove(&pid).is_none() {
            return;
        }
        self.table.exited(pid);
        lock(&self.view).processes.remove(&pid);
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
        if self.reach == Reach::Everyone {
            let mut files = self.ahead.files_in_root_of(pid);
            files.extend(self.ahead.files_beside(pid));
            for path in files {
                self.probe_known(&path);
            }
        }
        self.look_at_maps(pid);
    }

    /// Looks at the program that a process has just begun to run, and at nothing
    /// else of it: one that carries TLS inside may talk in a moment.
    pub(crate) fn look_at_program(&mut self, pid: u32) {
        let path = process::path(pid, "exe");
        let (Ok(metadata), Some(scope)) = (std::fs::metadata(&path), self.reach.scope(pid)) else {
            return;
        };
        let program = std::fs::read_link(&path).unwrap_or_else(|_| path.clone());
        let shown = Shown {
            path: &program,
            deep: true,
            known: false,
        };
        self.table
            .probe(&path, FileId::of(&metadata), scope, &shown);
    }

    /// A process begins to run code of a file: one that is new here is looked into
    /// now.
    pub(crate) fn mapped(&mut self, mapped: Mapped) {
        let pid = mapped.pid;
        if pid == std::process::id() {
            return;
        }
        let file = Mapping::from(mapped);
        let exe = std::fs::read_link(process::path(pid, "exe")).ok();
        let is_exe = exe.as_deref() == Some(&file.path);
        if let Ok(Some(_)) = self.probe_mapped(pid, &file, is_exe) {
            // So that the books are right, too.
            self.looked.remove(&pid);
            self.look_at(pid);
        }
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
            is_target: false,
            other_tls: Vec::new(),
            left_out: !self.filter.observes(pid),
            may_carry: Vec::new(),
            error: None,
            unprobed: None,
        };
        match maps::executable_files(pid) {
            Ok(files) => {
                for file in &files {
                    let is_exe =
                        exe.as_deref() == Some(&file.path) || is_deleted_exe(exe.as_deref(), file);
                    let target = match self.probe_mapped(pid, file, is_exe) {
                        Ok(target) => target,
                        Err(why) => {
                            seen.unprobed = seen.unprobed.or(Some(why));
                            None
                        }
                    };
                    seen.add(&file.path, is_exe, target);
                }
            }
            Err(error) => seen.error = Some(format!("cannot read its memory map: {error}")),
        }
        self.note(pid, seen);
    }

    /// The target that a mapped file is, probed now if it was not before; why not
    /// where it carries TLS all the same.
    fn probe_mapped(
        &mut self,
        pid: u32,
        file: &Mapping,
        is_exe: bool,
    ) -> Result<Option<FileId>, String> {
        let Ok((path, id)) = target::locate(pid, file) else {
            return Ok(None);
        };
        let shown = Shown {
            path: &file.path,
            deep: is_exe || target::may_be_deep(&file.path),
            known: false,
        };
        let Some(scope) = self.reach.scope(pid) else {
            return Ok(None);
        };
        if !self.table.probe(&path, id, scope, &shown) {
            return self.table.why_not(id).map_or(Ok(None), Err);
        }
        Ok(self.table.used(id, pid).then_some(id))
    }

    fn probe_known(&mut self, path: &Path) {
        let Ok(metadata) = std::fs::metadata(path) else {
            return;
        };
        if metadata.is_file() {
            let shown = Shown {
                path,
                deep: known::is_program(path),
                known: true,
            };
            self.table
                .probe(path, FileId::of(&metadata), Scope::AllProcesses, &shown);
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

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
