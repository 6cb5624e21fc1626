//! Server names that were told before their connection carried anything: it is
//! told of with its first byte, and its name then.

use std::collections::BTreeMap;

use super::conns::Handle;

/// Names beyond this are not kept.
const LIMIT: usize = 4096;

/// By connection: which of those with that handle, and the name.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<Handle, (u64, String)>);

impl Names {
    /// Keeps a name. What is no text is none.
    pub(super) fn keep(&mut self, handle: Handle, epoch: u64, name: &[u8]) {
        let Ok(name) = std::str::from_utf8(name) else {
            return;
        };
        if self.0.len() < LIMIT || self.0.contains_key(&handle) {
            self.0.insert(handle, (epoch, String::from(name)));
        }
    }

    /// The name of that very connection, once.
    pub(super) fn take(&mut self, handle: Handle, epoch: u64) -> Option<String> {
        let (known, name) = self.0.remove(&handle)?;
        (known == epoch).then_some(name)
    }

    /// The connection is over.
    pub(super) fn forget(&mut self, handle: Handle) {
        self.0.remove(&handle);
    }

    /// So is its process.
    pub(super) fn forget_process(&mut self, pid: u32) {
        let mut of_others = self.0.split_off(&(pid, 0));
        if let Some(next) = pid.checked_add(1) {
            self.0.append(&mut of_others.split_off(&(next, 0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_once_and_only_to_its_connection() {
        let mut names = Names::default();
        names.keep((1, 7), 100, b"api.example.test");
        names.keep((1, 8), 100, &[0xff]);
        assert_eq!(names.take((1, 7), 101), None);
        names.keep((1, 7), 101, b"api.example.test");
        assert_eq!(names.take((1, 7), 101).as_deref(), Some("api.example.test"));
        assert_eq!(names.take((1, 7), 101), None);
        assert_eq!(names.take((1, 8), 100), None);
    }

    #[test]
    fn the_end_of_a_process_leaves_the_names_of_others() {
        let mut names = Names::default();
        for pid in [1, 2, 3, u32::MAX] {
            names.keep((pid, u64::MAX), 1, b"name");
        }
        names.forget_process(2);
        names.forget_process(u32::MAX);
        let left: Vec<u32> = names.0.keys().map(|(pid, _)| *pid).collect();
        assert_eq!(left, [1, 3]);
    }
}
