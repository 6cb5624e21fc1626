//! The path of a file from the kernel's own tree, up to the root of the mount
//! namespace: what the program asked for may be relative, or a link.

use core::hint::black_box;

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use oisp_ebpf_common::file::PATH_LEN;
use oisp_ebpf_common::setting::{
    AT_DENTRY_NAME, AT_DENTRY_PARENT, AT_MOUNT_MNT, AT_MOUNT_PARENT, AT_MOUNTPOINT, AT_QSTR_NAME,
    AT_VFSMOUNT_ROOT,
};

use crate::setting;
use crate::task::Kernel;

/// Names and mounts that are followed.
const STEPS: usize = 32;
/// `NAME_MAX`, and the zero.
const NAME: u32 = 256;

/// Where a file is: its entry, and the mount that it is on.
#[derive(Clone, Copy)]
pub struct Place {
    pub entry: Kernel,
    pub mount: Kernel,
}

/// Writes the names of a path, the last first, to a field of `PATH_ROOM` bytes.
/// Returns how many bytes, and whether it came to the root.
///
/// # Safety
/// `to` must have that room.
#[inline(always)]
pub unsafe fn write(to: *mut u8, place: Place) -> (u32, bool) {
    let Place {
        mut entry,
        mut mount,
    } = place;
    let mut len = 0_u32;
    for _ in 0..STEPS {
        let parent = entry.follow(AT_DENTRY_PARENT);
        let root = mount.follow(AT_VFSMOUNT_ROOT);
        let (Some(parent), Some(root)) = (parent, root) else {
            return (len, false);
        };
        if entry.is(root) || entry.is(parent) {
            match above(mount) {
                Above::Mount(place) => (entry, mount) = (place.entry, place.mount),
                Above::Nothing => return (len, true),
                Above::Unknown => return (len, false),
            }
            continue;
        }
        let Some(name) = name_of(entry) else {
            return (len, false);
        };
        if len as usize >= PATH_LEN {
            return (len, false);
        }
        // So that the verifier sees the bound where it is used.
        let at = black_box(len) & (PATH_LEN as u32 - 1);
        // SAFETY: a name begins within `PATH_LEN` and is at most `NAME` long.
        let written = unsafe {
            bpf_probe_read_kernel_str(to.add(at as usize).cast(), NAME, name as *const _)
        };
        if written <= 0 {
            return (len, false);
        }
        len = at + written as u32;
        entry = parent;
    }
    (len, false)
}

#[inline(always)]
fn name_of(entry: Kernel) -> Option<u64> {
    entry.inner(AT_DENTRY_NAME)?.field(AT_QSTR_NAME)
}

enum Above {
    Mount(Place),
    Nothing,
    Unknown,
}

/// Where a mount is mounted.
#[inline(always)]
fn above(mount: Kernel) -> Above {
    let Some(offset) = setting::offset(AT_MOUNT_MNT) else {
        return Above::Unknown;
    };
    let Some(whole) = mount.before(offset) else {
        return Above::Unknown;
    };
    let (parent, entry) = (whole.follow(AT_MOUNT_PARENT), whole.follow(AT_MOUNTPOINT));
    let (Some(parent), Some(entry)) = (parent, entry) else {
        return Above::Unknown;
    };
    if parent.is(whole) {
        return Above::Nothing;
    }
    match parent.inner(AT_MOUNT_MNT) {
        Some(mount) => Above::Mount(Place { entry, mount }),
        None => Above::Unknown,
    }
}
