//! What an event is about, whatever its type: the machine, the process, the
//! program and the user.

use serde_json::Value;

use super::attributes::Attributes;
use super::event::Event;

/// Fields of an event and the attributes that they become, each as it is.
const FIELDS: [(&str, &str); 27] = [
    ("/event_id", "oisp.event_id"),
    ("/event_type", "oisp.event_type"),
    ("/process/pid", "process.pid"),
    ("/process/ppid", "process.parent_pid"),
    ("/process/exe", "process.executable.path"),
    ("/process/name", "process.executable.name"),
    ("/process/cmdline", "process.command_line"),
    ("/process/cwd", "process.working_directory"),
    ("/process/start_time", "process.creation.time"),
    ("/process/thread_id", "thread.id"),
    ("/process/cgroup", "process.linux.cgroup"),
    ("/process/container_id", "container.id"),
    ("/process/parent/name", "oisp.process.parent.name"),
    ("/actor/user", "process.owner"),
    ("/actor/uid", "process.user.id"),
    ("/app/app_id", "oisp.app.id"),
    ("/app/name", "oisp.app.name"),
    ("/app/vendor", "oisp.app.vendor"),
    ("/app/version", "oisp.app.version"),
    ("/source/capture_method", "oisp.capture.method"),
    ("/source/capture_point", "oisp.capture.point"),
    ("/confidence/level", "oisp.confidence.level"),
    ("/confidence/completeness", "oisp.confidence.completeness"),
    ("/confidence/reasons", "oisp.confidence.reasons"),
    ("/confidence/missing", "oisp.confidence.missing"),
    (
        "/confidence/redaction_profile",
        "oisp.confidence.redaction_profile",
    ),
    ("/data/conversation_id", "gen_ai.conversation.id"),
];

/// Adds the fields that a table names.
pub(super) fn add(attributes: &mut Attributes, event: &Event, table: &[(&str, &str)]) {
    for (field, name) in table {
        attributes.set(name, event.at(field));
    }
}

/// What a record or a span of any event says.
pub(super) fn attributes(event: &Event) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, value) in event.attrs() {
        attributes.set(name, value);
    }
    add(&mut attributes, event, &FIELDS);
    attributes
}

/// The machine that an event comes from, as part of the resource. Empty where
/// the event does not say.
pub(super) fn host(event: &Event) -> Attributes {
    let mut host = Attributes::default();
    host.text("host.name", event.text("/host/hostname"));
    host.text("host.id", event.text("/host/device_id"));
    host.text("os.type", event.text("/host/os"));
    host.text("os.version", event.text("/host/os_version"));
    host.text("host.arch", event.text("/host/arch").map(arch));
    let kernel = event.at("/host/kernel_version").and_then(Value::as_str);
    host.text("oisp.host.kernel_version", kernel);
    host
}

/// The conventions' name of an architecture.
fn arch(name: &str) -> &str {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "i686" => "x86",
        other => other,
    }
}
