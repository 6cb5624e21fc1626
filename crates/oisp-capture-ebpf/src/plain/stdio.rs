//! Whose children's standard streams are captured, and which processes are
//! agents, told to the kernel.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use oisp_core::ProcessFacts;
use oisp_ebpf_common::plain::{STDIO_AGENTS, STDIO_ALL, STDIO_OFF};

use crate::object::StdioPrograms;

/// Whose children's standard streams are captured, where they carry JSON-RPC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stdio {
    /// Nobody's.
    Off,
    /// Those of programs that are known as agents.
    #[default]
    KnownAgents,
    /// Everybody's.
    All,
}

impl Stdio {
    /// As the programs know it.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Off => STDIO_OFF,
            Self::KnownAgents => STDIO_AGENTS,
            Self::All => STDIO_ALL,
        }
    }
}

type Judge = dyn Fn(&ProcessFacts) -> bool + Send + Sync;

/// Tells which processes are agents. By default none is.
#[derive(Clone)]
pub struct KnowsAgents(Arc<Judge>);

impl KnowsAgents {
    /// Agents are those for which `judge` says so. It is asked once for each
    /// program that starts.
    pub fn by(judge: impl Fn(&ProcessFacts) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(judge))
    }
}

impl Default for KnowsAgents {
    fn default() -> Self {
        Self::by(|_| false)
    }
}

impl fmt::Debug for KnowsAgents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnowsAgents").finish_non_exhaustive()
    }
}

/// Keeps the kernel's table of agents, and has standard streams looked at while
/// there are any.
pub(crate) struct Agents {
    programs: StdioPrograms,
    judge: Option<Arc<Judge>>,
    running: HashSet<u32>,
}

impl Agents {
    /// An empty table; it stays so unless agents matter.
    pub(crate) fn new(programs: StdioPrograms, stdio: Stdio, knows: &KnowsAgents) -> Self {
        if stdio == Stdio::All {
            programs.wanted(true);
        }
        Self {
            programs,
            judge: (stdio == Stdio::KnownAgents).then(|| Arc::clone(&knows.0)),
            running: HashSet::new(),
        }
    }

    /// A program runs in that process.
    pub(crate) fn runs(&mut self, facts: &ProcessFacts) {
        let Some(judge) = &self.judge else {
            return;
        };
        if judge(facts) {
            self.put(facts.pid);
        } else {
            self.gone(facts.pid);
        }
    }

    /// A process made a copy of itself.
    pub(crate) fn forked(&mut self, parent: u32, child: u32) {
        if self.running.contains(&parent) {
            self.put(child);
        }
    }

    /// A process is over, or another program runs in it.
    pub(crate) fn gone(&mut self, pid: u32) {
        if self.running.remove(&pid) {
            self.programs.remove(pid);
            self.look_at_streams();
        }
    }

    fn put(&mut self, pid: u32) {
        if !self.running.insert(pid) {
            return;
        }
        if let Err(error) = self.programs.add(pid) {
            tracing::warn!(pid, %error, "standard streams of an agent's children are not captured");
        }
        self.look_at_streams();
    }

    fn look_at_streams(&mut self) {
        self.programs.wanted(!self.running.is_empty());
    }
}
