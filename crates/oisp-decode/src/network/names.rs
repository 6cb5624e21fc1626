//! Names of addresses, from the answers that name servers gave.
//!
//! A process connects to an address that it, or the machine's resolver on its
//! behalf, was told for a name. What the process itself was told comes first;
//! where two names have one address, the newest of that process. What others
//! were told counts only where all of it is one name. Answers older than
//! [`AGE_MS`] are forgotten.
//!
//! Limits: [`MAX_PROCESSES`] processes, [`MAX_EACH`] addresses each,
//! [`MAX_ADDRESSES`] of the machine.

use std::collections::HashMap;
use std::net::IpAddr;

use oisp_core::Timestamp;

/// How long an answer is remembered.
pub const AGE_MS: u64 = 60 * 60 * 1000;
/// Most processes whose answers are remembered.
const MAX_PROCESSES: usize = 1024;
/// Most addresses of a process.
const MAX_EACH: usize = 128;
/// Most addresses of the machine.
const MAX_ADDRESSES: usize = 16_384;
/// Longest name (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 255;

/// Who was told the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The process itself.
    Process,
    /// Another process of the machine: often a resolver.
    Machine,
}

/// The name of an address.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The name.
    pub name: &'a str,
    /// Who was told it.
    pub told: Told,
    /// Another name of the process has this address, too.
    pub is_shared: bool,
}

/// The names of addresses.
#[derive(Debug, Default)]
pub struct Names {
    of_processes: HashMap<u32, HashMap<IpAddr, Named>>,
    of_machine: HashMap<IpAddr, Named>,
}

#[derive(Clone, Debug)]
struct Named {
    name: String,
    at: Timestamp,
    /// When another name had the address last.
    other_at: Option<Timestamp>,
}

impl Named {
    fn is_old(&self, now: Timestamp) -> bool {
        now.millis_since(self.at) > AGE_MS
    }

    fn is_shared(&self, now: Timestamp) -> bool {
        let recent = |at: Timestamp| now.millis_since(at) <= AGE_MS;
        self.other_at.is_some_and(recent)
    }
}

impl Names {
    /// A process was told the addresses of a name.
    pub fn resolved(&mut self, pid: u32, name: &str, addresses: &[IpAddr], at: Timestamp) {
        if name.is_empty() || name.len() > MAX_NAME {
            return;
        }
        if self.of_processes.len() >= MAX_PROCESSES && !self.of_processes.contains_key(&pid) {
            self.forget_processes(at);
        }
        let own = self.of_processes.entry(pid).or_default();
        for address in addresses.iter().take(MAX_EACH) {
            let address = address.to_canonical();
            note(own, address, name, at, MAX_EACH);
            note(&mut self.of_machine, address, name, at, MAX_ADDRESSES);
        }
    }

    /// The name of an address that a process connects to.
    pub fn of(&self, pid: u32, address: IpAddr, now: Timestamp) -> Option<Found<'_>> {
        let address = address.to_canonical();
        let own = self
            .of_processes
            .get(&pid)
            .and_then(|own| own.get(&address));
        if let Some(named) = own.filter(|named| !named.is_old(now)) {
            return Some(Found {
                name: &named.name,
                told: Told::Process,
                is_shared: named.is_shared(now),
            });
        }
        let named = self.of_machine.get(&address)?;
        let is_sure = !named.is_old(now) && !named.is_shared(now);
        is_sure.then_some(Found {
            name: &named.name,
            told: Told::Machine,
            is_shared: false,
        })
    }

    /// A pid is a new process's.
    pub fn begins(&mut self, pid: u32) {
        self.of_processes.remove(&pid);
    }

    fn forget_processes(&mut self, now: Timestamp) {
        self.of_processes
            .retain(|_, names| names.values().any(|named| !named.is_old(now)));
        if self.of_processes.len() >= MAX_PROCESSES {
            self.of_processes.clear();
        }
    }
}

fn note(
    names: &mut HashMap<IpAddr, Named>,
    address: IpAddr,
    name: &str,
    at: Timestamp,
    most: usize,
) {
    if names.len() >= most && !names.contains_key(&address) {
        names.retain(|_, named| !named.is_old(at));
        if names.len() >= most {
            names.clear();
        }
    }
    let named = names.entry(address).or_insert_with(|| Named {
        name: name.to_owned(),
        at,
        other_at: None,
    });
    if named.name != name {
        named.other_at = Some(named.at);
        name.clone_into(&mut named.name);
    }
    named.at = at;
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "192.0.2.10";

    fn at(minute: u64) -> Timestamp {
        Timestamp::from_nanos(minute * 60_000_000_000)
    }

    fn names(told: &[(u32, &str, u64)]) -> Names {
        let mut names = Names::default();
        for (pid, name, minute) in told {
            names.resolved(*pid, name, &[ADDRESS.parse().unwrap()], at(*minute));
        }
        names
    }

    fn found(names: &Names, pid: u32, minute: u64) -> Option<(&str, Told, bool)> {
        let found = names.of(pid, ADDRESS.parse().unwrap(), at(minute))?;
        Some((found.name, found.told, found.is_shared))
    }

    #[test]
    fn what_the_process_was_told_comes_first_and_the_newest_of_it() {
        let names = names(&[
            (7, "a.example", 0),
            (8, "c.example", 1),
            (7, "b.example", 2),
        ]);
        assert_eq!(
            found(&names, 7, 3),
            Some(("b.example", Told::Process, true))
        );
        assert_eq!(
            found(&names, 8, 3),
            Some(("c.example", Told::Process, false))
        );
    }

    #[test]
    fn what_others_were_told_counts_where_it_is_one_name() {
        let one = names(&[(7, "a.example", 0), (8, "a.example", 1)]);
        assert_eq!(found(&one, 9, 2), Some(("a.example", Told::Machine, false)));
        let two = names(&[(7, "a.example", 0), (8, "b.example", 1)]);
        assert_eq!(found(&two, 9, 2), None);
        // Once the older answer is old, there is one name again.
        let mut later = two;
        later.resolved(8, "b.example", &[ADDRESS.parse().unwrap()], at(50));
        assert_eq!(
            found(&later, 9, 70),
            Some(("b.example", Told::Machine, false))
        );
    }

    #[test]
    fn answers_age_and_a_new_process_of_that_number_was_told_nothing() {
        let mut names = names(&[(7, "a.example", 0)]);
        assert_eq!(found(&names, 7, 61), None);
        names.begins(7);
        assert_eq!(
            found(&names, 7, 1),
            Some(("a.example", Told::Machine, false))
        );
    }

    #[test]
    fn the_tables_are_bounded() {
        let mut names = Names::default();
        for n in 0..40_000u32 {
            let address = IpAddr::from(n.to_be_bytes());
            names.resolved(n, "a.example", &[address], at(0));
            names.resolved(1, "a.example", &[address], at(0));
        }
        assert!(names.of_machine.len() <= MAX_ADDRESSES);
        assert!(names.of_processes.len() <= MAX_PROCESSES);
        assert!(names.of_processes.values().all(|own| own.len() <= MAX_EACH));
    }
}
