//! Whether a process is observed. The answer is found once per process and set
//! of rules, and inherited by its children.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::bpf_get_current_uid_gid;
use aya_ebpf::helpers::generated::bpf_get_current_cgroup_id;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, LruHashMap};
use oisp_ebpf_common::filter::{
    BY_CGROUP, BY_NAME, BY_PID, BY_USER, EXCLUDED, FilterState, NAME_LEN, RuleKey, UNNAMED,
    Verdict, both,
};
use oisp_ebpf_common::setting::{AT_COMM, SELF_TGID};

use crate::setting;
use crate::task::Kernel;

#[map]
static FILTER: Array<FilterState> = Array::with_max_entries(1, 0);

#[map]
static RULES: HashMap<RuleKey, u32> = HashMap::with_max_entries(1024, 0);

/// By process id. What finds no room is found anew.
#[map]
static VERDICTS: LruHashMap<u32, Verdict> = LruHashMap::with_max_entries(16384, 0);

#[inline(always)]
fn state() -> FilterState {
    FILTER.get(0).copied().unwrap_or_default()
}

/// What is left out to save time: `SHED_*`.
#[inline(always)]
pub fn shed() -> u32 {
    state().shed
}

/// The thread that runs, if its process is observed. The sensor's own never is.
#[inline(always)]
pub fn observed() -> Option<u64> {
    let thread = bpf_get_current_pid_tgid();
    let tgid = (thread >> 32) as u32;
    if tgid == setting::get(SELF_TGID) {
        return None;
    }
    let state = state();
    if state.active == 0 {
        return Some(thread);
    }
    let rule = match known(tgid, state.generation) {
        Some(rule) => rule,
        None => judge(tgid, state.generation, UNNAMED),
    };
    let rule = if rule == UNNAMED { state.unnamed } else { rule };
    (rule != EXCLUDED).then_some(thread)
}

#[inline(always)]
fn known(tgid: u32, generation: u32) -> Option<u32> {
    // SAFETY: the value is copied at once.
    let verdict = unsafe { VERDICTS.get(tgid)? };
    (verdict.generation == generation).then_some(verdict.rule)
}

/// Looks for the rules that speak of the process that runs, and keeps what holds
/// together with what it inherited.
#[inline(always)]
fn judge(tgid: u32, generation: u32, inherited: u32) -> u32 {
    let mut rule = inherited;
    let uid = bpf_get_current_uid_gid() as u32;
    // SAFETY: the helper has no precondition.
    let cgroup = unsafe { bpf_get_current_cgroup_id() };
    rule = both(rule, named(generation, BY_PID, u64::from(tgid)));
    rule = both(rule, named(generation, BY_USER, u64::from(uid)));
    rule = both(rule, named(generation, BY_CGROUP, cgroup));
    rule = both(rule, named_program(generation));
    let _ = VERDICTS.insert(tgid, Verdict { generation, rule }, 0);
    rule
}

#[inline(always)]
fn named(generation: u32, kind: u32, number: u64) -> u32 {
    let mut value = [0; 16];
    let bytes = number.to_ne_bytes();
    value[0] = bytes[0];
    value[1] = bytes[1];
    value[2] = bytes[2];
    value[3] = bytes[3];
    value[4] = bytes[4];
    value[5] = bytes[5];
    value[6] = bytes[6];
    value[7] = bytes[7];
    look_up(&RuleKey {
        kind,
        generation,
        value,
    })
}

/// By the name of the process's first thread: other threads have names of their
/// own.
#[inline(always)]
fn named_program(generation: u32) -> u32 {
    let leader = Kernel::current().and_then(Kernel::leader);
    let Some(mut value) = leader.and_then(|leader| leader.field::<[u8; 16]>(AT_COMM)) else {
        return UNNAMED;
    };
    value[NAME_LEN] = 0;
    look_up(&RuleKey {
        kind: BY_NAME,
        generation,
        value,
    })
}

#[inline(always)]
fn look_up(key: &RuleKey) -> u32 {
    // SAFETY: the value is copied at once.
    unsafe { RULES.get(key) }.copied().unwrap_or(UNNAMED)
}

/// A child begins as a copy of its parent.
#[inline(always)]
pub fn inherit(parent: u32, child: u32) {
    if state().active == 0 {
        return;
    }
    // SAFETY: the value is copied at once.
    match unsafe { VERDICTS.get(parent) }.copied() {
        Some(verdict) => {
            let _ = VERDICTS.insert(child, verdict, 0);
        }
        None => {
            let _ = VERDICTS.remove(child);
        }
    }
}

/// A process runs another program: the rules may speak of that one, too.
#[inline(always)]
pub fn renamed(tgid: u32) {
    let state = state();
    if state.active == 0 {
        return;
    }
    let inherited = known(tgid, state.generation).unwrap_or(UNNAMED);
    judge(tgid, state.generation, inherited);
}

/// A process is over.
#[inline(always)]
pub fn forget(tgid: u32) {
    let _ = VERDICTS.remove(tgid);
}
