//! The table of probed files: what TLS each carries, how it is probed and for
//! whom, or why it is not.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::SharedView;
use super::planner::{lock, now_ms};
use super::reach::Reach;
use super::target::{self, FileId};
use super::view::{StackView, TargetView};
use crate::object::{Link, Programs, Scope};
use crate::signature::Signatures;
use crate::tls::{self, Carries, Stack};

/// The table, and what it takes to probe a file.
pub(super) struct Table {
    programs: Programs,
    signatures: Signatures,
    /// Returns may be diverted; else their instructions are probed.
    diverts: bool,
    targets: BTreeMap<FileId, Target>,
    /// Files that were looked at and are not probed, and how deep the look was.
    passed: HashSet<(FileId, bool)>,
    view: SharedView,
}

/// A probed file. Its links detach when this is dropped.
struct Target {
    path: PathBuf,
    users: BTreeSet<u32>,
    stacks: Vec<Stack>,
    links: BTreeMap<Scope, Link>,
    /// Its users are captured by it.
    is_tls: bool,
}

/// A file whose probes are in place.
struct Attached {
    link: Link,
    stacks: Vec<Stack>,
    probes: usize,
    /// Probes at which the kernel must let the program step.
    stepped: Option<usize>,
}

/// Files passed over are forgotten beyond this many.
const PASSED: usize = 65_536;

impl Table {
    /// An empty one.
    pub(super) fn new(
        programs: Programs,
        signatures: Signatures,
        diverts: bool,
        view: SharedView,
    ) -> Self {
        Self {
            programs,
            signatures,
            diverts,
            targets: BTreeMap::new(),
            passed: HashSet::new(),
            view,
        }
    }

    /// Why a file that carries TLS is not probed.
    pub(super) fn why_not(&self, id: FileId) -> Option<String> {
        let view = lock(&self.view);
        view.targets.get(&id).and_then(|shown| shown.error.clone())
    }

    /// That process has the file mapped. True where it is captured by it.
    pub(super) fn used(&mut self, id: FileId, pid: u32) -> bool {
        let Some(target) = self.targets.get_mut(&id) else {
            return false;
        };
        target.users.insert(pid);
        if let Some(shown) = lock(&self.view).targets.get_mut(&id)
            && !shown.users.contains(&pid)
        {
            shown.users.push(pid);
        }
        target.is_tls
    }

    /// A process ended.
    pub(super) fn exited(&mut self, pid: u32) {
        for target in self.targets.values_mut() {
            target.users.remove(&pid);
        }
        for target in lock(&self.view).targets.values_mut() {
            target.users.retain(|user| *user != pid);
        }
    }

    /// Lets go of what is for other processes.
    pub(super) fn keep_for(&mut self, reach: &Reach) {
        let everyone = *reach == Reach::Everyone;
        for target in self.targets.values_mut() {
            target.links.retain(|scope, _| match scope {
                Scope::AllProcesses => everyone,
                Scope::Process(pid) => !everyone && reach.holds(*pid),
            });
        }
        self.targets.retain(|_, target| !target.links.is_empty());
        lock(&self.view)
            .targets
            .retain(|id, target| target.error.is_some() || self.targets.contains_key(id));
    }

    /// True where the file is a target for that scope after this.
    pub(super) fn probe(
        &mut self,
        path: &Path,
        id: FileId,
        scope: Scope,
        shown: &Shown<'_>,
    ) -> bool {
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
            Ok(Some(attached)) => {
                self.add(id, scope, attached, shown);
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
    ) -> Result<Option<Attached>, String> {
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
        let stepped = tls::cost::stepped(&file, &places);
        let attached = |link| Attached {
            link,
            stacks,
            probes: places.len(),
            stepped,
        };
        link.map(|link| Some(attached(link)))
            .map_err(|error| format!("the kernel did not take the probes: {error}"))
    }

    fn add(&mut self, id: FileId, scope: Scope, attached: Attached, shown: &Shown<'_>) {
        tracing::debug!(path = %shown.path.display(), ?scope, "probing a TLS library");
        let line = TargetView {
            probes: attached.probes,
            stepped: attached.stepped,
            ..shown.line(&attached.stacks, None)
        };
        lock(&self.view).targets.entry(id).or_insert(line);
        let Attached { link, stacks, .. } = attached;
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
    pub(super) fn release(&mut self) {
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
}

/// How a file is shown, and how it is looked at.
pub(super) struct Shown<'a> {
    /// The path that people are told.
    pub(super) path: &'a Path,
    /// TLS may be inside without being exported.
    pub(super) deep: bool,
    /// It is probed ahead.
    pub(super) known: bool,
}

impl Shown<'_> {
    fn line(&self, stacks: &[Stack], error: Option<String>) -> TargetView {
        TargetView {
            path: self.path.to_string_lossy().into_owned(),
            stacks: stacks.iter().map(StackView::of).collect(),
            probes: 0,
            stepped: None,
            error,
            users: Vec::new(),
            known: self.known,
            since_ms: now_ms(),
        }
    }
}
