//! Which key each flag sets.

use oisp_config::{Flags, HumanDuration};

use super::{
    Cli, Command, DecodeOptions, DoctorOptions, KnowledgeOptions, PlainOptions, RecordOptions,
    Serving, StoreOptions,
};
use crate::config::LogLevel;

impl Cli {
    /// What the command line sets of the configuration.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        let level = LogLevel::of_verbosity(self.verbose);
        flags.set("sensor.log_level", "--verbose", level);
        match &self.command {
            Command::Record(options) => options.set(&mut flags),
            Command::Demo(options) => options.serving.set(&mut flags),
            Command::Decode(options) => options.set(&mut flags),
            Command::Doctor(options) => options.set(&mut flags),
            Command::Show(options) => flags.set("store.path", "--store", options.store.as_ref()),
            Command::Status(options) => flags.set("web.port", "--port", options.port),
            Command::Config(_) | Command::Daemon(_) => {}
        }
        flags
    }
}

/// A flag that switches something on.
const fn on(given: bool) -> Option<bool> {
    if given { Some(true) } else { None }
}

/// A flag that switches something off.
const fn off(given: bool) -> Option<bool> {
    if given { Some(false) } else { None }
}

impl Serving {
    fn set(&self, flags: &mut Flags) {
        let duration = self.duration.map(HumanDuration);
        flags.set("web.port", "--port", self.port);
        flags.set("web.host", "--host", self.host);
        flags.set_list("web.allowed_hosts", "--allow-host", &self.allow_host);
        flags.set("web.open_reads", "--open-reads", on(self.open_reads));
        flags.set("web.tls_cert", "--tls-cert", self.tls_cert.as_ref());
        flags.set("web.tls_key", "--tls-key", self.tls_key.as_ref());
        flags.set("web.enabled", "--no-web", off(self.no_web));
        let mode = self.redaction.map(|mode| mode.as_str());
        flags.set("redaction.mode", "--redaction", mode);
        flags.set("sensor.duration", "--duration", duration);
        flags.set("capture.ring_mib", "--ring-mib", self.ring_mib);
    }
}

impl KnowledgeOptions {
    fn set(&self, flags: &mut Flags) {
        flags.set("registry.source", "--registry", self.registry.as_ref());
        flags.set("prices.source", "--prices", self.prices.as_ref());
    }
}

impl PlainOptions {
    fn set(&self, flags: &mut Flags) {
        flags.set_list("capture.plain.ports", "--plain-port", &self.plain_port);
        flags.set_list(
            "capture.plain.except",
            "--no-plain-port",
            &self.no_plain_port,
        );
        flags.set("capture.stdio", "--stdio", self.stdio);
    }
}

impl StoreOptions {
    fn set(&self, flags: &mut Flags) {
        flags.set("store.path", "--store", self.store.as_ref());
        flags.set("store.ephemeral", "--ephemeral", on(self.ephemeral));
    }
}

impl RecordOptions {
    fn set(&self, flags: &mut Flags) {
        self.store.set(flags);
        flags.set("export.jsonl[].path", "--output", self.output.as_ref());
        flags.set(
            "export.jsonl[].enabled",
            "--output",
            on(self.output.is_some()),
        );
        flags.set_list("capture.process_filter", "--process", &self.process);
        flags.set_list("capture.pid_filter", "--pid", &self.pid);
        flags.set_list("capture.include", "--include", &self.include);
        flags.set_list("capture.exclude", "--exclude", &self.exclude);
        flags.set("capture.cpu_budget", "--cpu-budget", self.cpu_budget);
        flags.set("capture.process", "--no-process", off(self.no_process));
        flags.set("capture.file", "--no-file", off(self.no_file));
        flags.set("capture.network", "--no-network", off(self.no_network));
        flags.set_list("capture.signatures", "--signatures", &self.signatures);
        flags.set(
            "capture.stream_chunks",
            "--stream-chunks",
            on(self.stream_chunks),
        );
        flags.set("capture.save", "--save-capture", self.save_capture.as_ref());
        self.plain.set(flags);
        self.knowledge.set(flags);
        self.serving.set(flags);
    }
}

impl DecodeOptions {
    fn set(&self, flags: &mut Flags) {
        flags.set(
            "capture.stream_chunks",
            "--stream-chunks",
            on(self.stream_chunks),
        );
        let mode = self.redaction.map(|mode| mode.as_str());
        flags.set("redaction.mode", "--redaction", mode);
        self.knowledge.set(flags);
    }
}

impl DoctorOptions {
    fn set(&self, flags: &mut Flags) {
        flags.set_list("capture.signatures", "--signatures", &self.signatures);
        flags.set("web.port", "--port", self.port);
    }
}
