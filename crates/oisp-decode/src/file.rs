//! From what processes do with files to `file.*` events.

use oisp_core::event::file::{Delete, FileInfo, Open, Rename, Write};
use oisp_core::event::{Data, Source};
use oisp_core::raw::Access;
use oisp_core::{Event, FileEvent, RawEvent};

use crate::observed;

/// The event that a record of a file makes.
pub fn event_of(raw: &RawEvent, event: &FileEvent) -> Event {
    let (data, point, times) = match event.clone() {
        FileEvent::Open {
            path,
            access,
            times,
        } => {
            let open = Open {
                flags: flags(access),
                file: info(&path),
                path,
            };
            (Data::FileOpen(Box::new(open)), "open", times)
        }
        FileEvent::Write {
            path,
            bytes,
            times,
            created,
            truncated,
            size,
        } => {
            let write = Write {
                bytes_written: bytes,
                truncated,
                created,
                file: FileInfo {
                    size,
                    ..info(&path)
                },
                path,
            };
            (Data::FileWrite(Box::new(write)), "write", times)
        }
        FileEvent::Delete { path, is_directory } => {
            let delete = Delete {
                file: FileInfo {
                    is_directory: Some(is_directory),
                    ..info(&path)
                },
                path,
            };
            (Data::FileDelete(Box::new(delete)), "unlink", 1)
        }
        FileEvent::Rename { from, to } => {
            let rename = Rename {
                file: info(&to),
                old_path: from,
                new_path: to,
            };
            (Data::FileRename(Box::new(rename)), "rename", 1)
        }
    };
    let [first, second] = paths(event);
    let parts = [first.as_bytes(), second.as_bytes()];
    let mut event = observed::event(raw, Source::at(point), data, &parts);
    if times > 1 {
        event.attrs.insert("oisp.file.times".into(), times.into());
    }
    event
}

/// The paths that an operation is about; the second is empty for all but a
/// rename.
pub fn paths(event: &FileEvent) -> [&str; 2] {
    match event {
        FileEvent::Open { path, .. }
        | FileEvent::Write { path, .. }
        | FileEvent::Delete { path, .. } => [path, ""],
        FileEvent::Rename { from, to } => [from, to],
    }
}

fn flags(access: Access) -> Vec<&'static str> {
    let each = [
        (access.read, "read"),
        (access.write, "write"),
        (access.append, "append"),
        (access.created, "create"),
        (access.truncated, "truncate"),
    ];
    let set = each.into_iter().filter(|(is_set, _)| *is_set);
    set.map(|(_, name)| name).collect()
}

fn info(path: &str) -> FileInfo {
    let name = path.rsplit('/').next().filter(|name| !name.is_empty());
    FileInfo {
        path: path.to_owned(),
        name: name.map(str::to_owned),
        extension: name.and_then(extension),
        ..FileInfo::default()
    }
}

/// A name that only begins with a dot has none.
fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let is_one = !stem.is_empty()
        && (1..=16).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then(|| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        for (path, name, extension) in [
            ("/work/Notes.MD", Some("Notes.MD"), Some("md")),
            ("/work/.env", Some(".env"), None),
            ("/work/a.tar.gz", Some("a.tar.gz"), Some("gz")),
            ("/work/Makefile", Some("Makefile"), None),
            ("/work/odd.", Some("odd."), None),
            ("/", None, None),
            ("", None, None),
        ] {
            let info = info(path);
            assert_eq!(info.name.as_deref(), name, "{path}");
            assert_eq!(info.extension.as_deref(), extension, "{path}");
        }
    }
}
