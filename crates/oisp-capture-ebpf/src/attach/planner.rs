//! Which files are probed, for whom, and why others are not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use oisp_core::capture::ProcessFilter;

use super::reach::Reach;
use super::target::{self, FileId};
use super::view::{ProcessView, StackView, TargetView};
use super::{SharedFiles, SharedView, View, known, lock_files, prefix};
use crate::filter::Filter;
use crate::heap;
use crate::object::{Link, Programs, Scope};
use crate::process::maps::{self, Mapping};
use crate::process::{self, stat};
use crate::signature::Signatures;
use crate::tls::{self, Carries, Stack};

/// A probed file. Its links detach when this is dropped.
struct Target {
    path: PathBuf,
    users: BTreeSet<u32>,
    stacks: Vec<Stack>,
    links: BTreeMap<Scope, Link>,
    /// Its users are captured by it.
    is_tls: bool,
}

/// What is remembered of a process between two looks.
struct Looked {
    address_space: u64,
    start_ns: u64,
}

/// Attaches, and keeps the books on it.
pub(crate) struct Planner {
    programs: Programs,
    signatures: Signatures,
    /// Returns may be diverted; else their instructions are probed.
    diverts: bool,
    targets: BTreeMap<FileId, Target>,
    /// Files that were looked at and are not probed, and how deep the look was.
    passed: HashSet<(FileId, bool)>,
    looked: HashMap<u32, Looked>,
    roots: HashSet<PathBuf>,
    filter: Filter,
    files: Option<SharedFiles>,
    reach: Reach,
    /// Folders whose libraries were probed because a program runs from there.
    prefixes: HashSet<PathBuf>,
    view: SharedView,
}

/// What the planner works with besides the programs.
pub(crate) struct Parts {
    /// Which processes are observed.
    pub(crate) filter: Filter,
    /// What tells of files.
    pub(crate) files: Option<SharedFiles>,
    /// How functions without symbols are found.
    pub(crate) signatures: Signatures,
    /// Returns may be diverted; else their instructions are probed.
    pub(crate) diverts: bool,
}

/// Files passed over are forgotten beyond this many.
const PASSED: usize = 65_536;

impl Planner {
    /// A planner that has attached nothing yet.
    pub(crate) fn new(programs: Programs, parts: Parts) -> Self {
        let Parts {
            filter,
            files,
            signatures,
            diverts,
        } = parts;
        let reach = Reach::of(filter.rules());
        Self {
            signatures,
            diverts,
            targets: BTreeMap::new(),
            passed: HashSet::new(),
            looked: HashMap::new(),
            roots: HashSet::new(),
            prefixes: HashSet::new(),
            view: Arc::new(Mutex::new(View {
                reach: reach.describe(),
                method: programs.method().as_str(),
                ..View::default()
            })),
            filter,
            files,
            reach,
            programs,
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
        if let Ok(root) = std::fs::read_link("/proc/self/ns/mnt") {
            self.roots.insert(root);
        }
        for path in known::files_of_this_machine() {
            self.probe_known(&path);
        }
    }

    /// Observes other processes from now on.
    pub(crate) fn set_filter(&mut self, rules: ProcessFilter) {
        self.filter.set(rules);
        process::all()
            .into_iter()
            .for_each(|pid| self.watch_files(pid));
        self.turn_to(Reach::of(self.filter.rules()));
    }

    /// Attaches for those processes, and lets go of what was for others.
    fn turn_to(&mut self, reach: Reach) {
        self.reach = reach;
        self.looked.clear();
        self.roots.clear();
        self.start();
        let everyone = self.reach == Reach::Everyone;
        for target in self.targets.values_mut() {
            target.links.retain(|scope, _| match scope {
                Scope::AllProcesses => everyone,
                Scope::Process(pid) => !everyone && self.reach.holds(*pid),
            });
        }
        self.targets.retain(|_, target| !target.links.is_empty());
        let mut view = lock(&self.view);
        view.reach = self.reach.describe();
        view.targets
            .retain(|id, target| target.error.is_some() || self.targets.contains_key(id));
    }

    /// Leaves out that much to save time.
    pub(crate) fn shed(&mut self, level: u32) {
        self.filter.shed(level);
        lock(&self.view).shed = level;
    }

    /// A process runs another program.
    pub(crate) fn started(&mut self, pid: u32) {
        self.filter.started(pid);
        self.watch_files(pid);
    }

    /// Of processes that were asked for by rules, files are told.
    fn watch_files(&self, pid: u32) {
        if self.filter.names(pid)
            && let Some(files) = &self.files
        {
            lock_files(files).watch(pid);
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
        self.release();
        if let Some(files) = &self.files {
            let mut files = lock_files(files);
            files.rest();
            lock(&self.view).files_told = files.method();
        }
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
        if self.reach == Reach::Everyone {
            self.probe_root_of(pid);
            self.probe_prefix_of(pid);
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
        self.probe(&path, FileId::of(&metadata), scope, &shown);
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
        if !self.probe(&path, id, scope, &shown) {
            let view = lock(&self.view);
            let why = view.targets.get(&id).and_then(|shown| shown.error.clone());
            return why.map_or(Ok(None), Err);
        }
        let Some(target) = self.targets.get_mut(&id) else {
            return Ok(None);
        };
        target.users.insert(pid);
        let is_tls = target.is_tls;
        if let Some(shown) = lock(&self.view).targets.get_mut(&id)
            && !shown.users.contains(&pid)
        {
            shown.users.push(pid);
        }
        Ok(is_tls.then_some(id))
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
            self.probe(path, FileId::of(&metadata), Scope::AllProcesses, &shown);
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

    /// What a program may load from beside itself, before it does.
    fn probe_prefix_of(&mut self, pid: u32) {
        let Some(prefix) = prefix::of(pid) else {
            return;
        };
        if self.prefixes.len() >= PASSED {
            self.prefixes.clear();
        }
        if self.prefixes.insert(prefix.clone()) {
            for path in known::files_of_prefix(&prefix) {
                self.probe_known(&path);
            }
        }
    }

    /// True where the file is a target for that scope after this.
    fn probe(&mut self, path: &Path, id: FileId, scope: Scope, shown: &Shown<'_>) -> bool {
        let known = self.targets.get(&id);
        if known.is_some_and(|target| target.links.contains_key(&scope)) {
            return true;
        }
        if known.is_none() && self.passed.contains(&(id, shown.deep)) {
            return false;
        }
        if self.passed.len() >= PASSED {
            self.passed.clear();
        }
        lock(&self.view).files += 1;
        match self.attach(path, id, scope, shown.deep) {
            Ok(Some((link, stacks))) => {
                self.add(id, scope, link, stacks, shown);
                true
            }
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
        scope: Scope,
        deep: bool,
    ) -> Result<Option<(Link, Vec<Stack>)>, String> {
        let Ok(file) = target::open(path, id) else {
            return Ok(None);
        };
        let stacks = match self.targets.get(&id) {
            Some(known) => known.stacks.clone(),
            None => match tls::look_into(&self.signatures, &file, deep) {
                Carries::Tls(stacks) => stacks,
                Carries::Unsure(why) => return Err(why),
                Carries::Nothing => return Ok(None),
            },
        };
        let places: Vec<_> = stacks
            .iter()
            .flat_map(|stack| stack.places.iter().copied())
            .collect();
        let places = if self.diverts {
            places
        } else {
            tls::instead::without_diverting(&file, &places)?
        };
        let link = self.programs.attach(&file, &places, scope);
        link.map(|link| Some((link, stacks)))
            .map_err(|error| format!("the kernel did not take the probes: {error}"))
    }

    fn add(&mut self, id: FileId, scope: Scope, link: Link, stacks: Vec<Stack>, shown: &Shown<'_>) {
        tracing::debug!(path = %shown.path.display(), ?scope, "probing a TLS library");
        let line = shown.line(&stacks, None);
        lock(&self.view).targets.entry(id).or_insert(line);
        let target = self.targets.entry(id).or_insert_with(|| Target {
            path: shown.path.to_path_buf(),
            users: BTreeSet::new(),
            is_tls: stacks.iter().any(Stack::is_tls),
            stacks,
            links: BTreeMap::new(),
        });
        target.links.insert(scope, link);
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
