//! The ports at which plain HTTP to and from model servers is looked for, and
//! how they change while the capture runs.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aya::maps::{Array, MapData};
use oisp_ebpf_common::plain::{PORT_ANY_PATH, PORT_MODEL_PATH, PORT_NONE, PORTS};

use crate::error::EbpfError;

/// The kernel's table: one entry with a byte for each port.
pub(crate) type KernelPorts = Array<MapData, [u8; PORTS]>;

/// Ports that hardly anything but the named model server uses: any request is
/// taken.
const OWN: &[(u16, &str)] = &[
    (1234, "LM Studio"),
    (1337, "Jan"),
    (2242, "Aphrodite"),
    (4891, "GPT4All"),
    (11434, "Ollama"),
    (12434, "Docker Model Runner"),
    (23333, "LMDeploy"),
    (52415, "exo"),
];

/// Ports that ordinary web servers use, too: a connection is taken from the
/// first request on that names a path of a model's interface.
const SHARED: &[(u16, &str)] = &[
    (3000, "Open WebUI, Text Generation Inference"),
    (4000, "LiteLLM"),
    (5000, "text-generation-webui"),
    (5001, "KoboldCpp"),
    (8000, "vLLM, Lemonade and many more"),
    (8001, "a further one of those"),
    (8080, "llama.cpp, LocalAI"),
    (8081, "a further one of those"),
    (8888, "the usual one after those"),
    (9997, "Xinference"),
    (30000, "SGLang"),
];

/// The ports at which plain HTTP is looked for. Clones are the same table, which
/// may be changed while the capture runs: connections that begin after that
/// follow it.
#[derive(Clone)]
pub struct PlainPorts(Arc<Mutex<Table>>);

struct Table {
    classes: Box<[u8; PORTS]>,
    kernel: Option<KernelPorts>,
}

impl Default for PlainPorts {
    /// Those of the model servers that are known.
    fn default() -> Self {
        let ports = Self::none();
        let mut table = ports.table();
        for (known, class) in [(OWN, PORT_ANY_PATH), (SHARED, PORT_MODEL_PATH)] {
            for (port, _) in known {
                table.set(*port, class);
            }
        }
        drop(table);
        ports
    }
}

impl PlainPorts {
    /// No port at all.
    pub fn none() -> Self {
        Self(Arc::new(Mutex::new(Table {
            classes: Box::new([PORT_NONE; PORTS]),
            kernel: None,
        })))
    }

    /// Takes all plain HTTP at that port from now on.
    pub fn watch(&self, port: u16) {
        let mut table = self.table();
        table.set(port, PORT_ANY_PATH);
        table.tell();
    }

    /// Takes nothing at that port from now on.
    pub fn ignore(&self, port: u16) {
        let mut table = self.table();
        table.set(port, PORT_NONE);
        table.tell();
    }

    /// The ports, and whether any request at them is taken rather than only
    /// those that name a path of a model's interface.
    pub fn list(&self) -> Vec<(u16, bool)> {
        let table = self.table();
        (0..=u16::MAX)
            .zip(table.classes.iter())
            .filter(|(_, class)| **class != PORT_NONE)
            .map(|(port, class)| (port, *class == PORT_ANY_PATH))
            .collect()
    }

    /// Gives the table to the kernel, now and whenever it changes.
    pub(crate) fn install(&self, kernel: KernelPorts) -> Result<(), EbpfError> {
        let mut table = self.table();
        let mut kernel = kernel;
        let written = kernel.set(0, *table.classes, 0);
        table.kernel = Some(kernel);
        written.map_err(|source| EbpfError::Map {
            map: "PLAIN_PORTS",
            source: Box::new(source),
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn set(&mut self, port: u16, class: u8) {
        if let Some(known) = self.classes.get_mut(usize::from(port)) {
            *known = class;
        }
    }

    fn tell(&mut self) {
        let Some(kernel) = &mut self.kernel else {
            return;
        };
        if let Err(error) = kernel.set(0, *self.classes, 0) {
            tracing::warn!(%error, "the kernel did not take the table of ports");
        }
    }
}

impl fmt::Debug for PlainPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlainPorts").field(&self.list()).finish()
    }
}

#[cfg(test)]
mod tests {
    use oisp_ebpf_common::plain::{PATHS, is_preface, path_at};

    use super::*;

    #[test]
    fn ports_can_be_added_and_taken_away() {
        let ports = PlainPorts::default();
        let clone = ports.clone();
        assert!(ports.list().contains(&(11434, true)));
        assert!(ports.list().contains(&(8080, false)));
        clone.watch(8080);
        clone.ignore(11434);
        assert!(ports.list().contains(&(8080, true)));
        assert!(ports.list().iter().all(|(port, _)| *port != 11434));
        assert!(PlainPorts::none().list().is_empty());
    }

    fn words(text: &[u8]) -> [u64; 2] {
        let mut bytes = [0; 16];
        let len = text.len().min(16);
        bytes[..len].copy_from_slice(&text[..len]);
        [0, 8].map(|at| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap()))
    }

    #[test]
    fn a_request_is_told_by_its_method() {
        assert_eq!(path_at(words(b"POST /v1/x")), Some(5));
        assert_eq!(path_at(words(b"GET /")), Some(4));
        assert_eq!(path_at(words(b"OPTIONS /")), Some(8));
        for other in [
            &b"HTTP/1.1 200 OK"[..],
            b"\x16\x03\x01\x02\x00",
            b"POSTER /",
            b"",
            b"PRI * HTTP/2.0\r\n",
        ] {
            assert_eq!(path_at(words(other)), None);
        }
        assert!(is_preface(words(b"PRI * HTTP/2.0\r\n")));
        assert!(!is_preface(words(b"PRI * HTTP/2.0")));
    }

    #[test]
    fn a_path_of_a_model_is_told_from_others() {
        let known = |path: &[u8]| {
            let [first, second] = words(path);
            PATHS.iter().any(|known| known.begins(first, second))
        };
        for path in [
            &b"/v1/chat/completions HTTP/1.1"[..],
            b"/v1/completions",
            b"/v1/messages?beta=true",
            b"/api/generate HTTP",
            b"/completion HTTP",
            b"/engines/llama.cpp/v1/",
        ] {
            assert!(known(path), "{}", String::from_utf8_lossy(path));
        }
        for path in [
            &b"/"[..],
            b"/v1/users",
            b"/api/v1/users",
            b"/index.html",
            b"",
        ] {
            assert!(!known(path), "{}", String::from_utf8_lossy(path));
        }
    }
}
