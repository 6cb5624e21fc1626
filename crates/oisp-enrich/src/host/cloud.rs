//! The cloud that a machine is hosted in: by what cloud-init left and by what
//! the firmware says of the machine. No metadata service is asked: a sensor
//! that makes calls of its own would be part of what it shows.
//!
//! The file is cloud-init's `instance-data.json`, its standardised keys `v1`;
//! the firmware's words are the vendors' own (SMBIOS, below `/sys/class/dmi`).

use std::fs;
use std::path::Path;

use oisp_core::event::Cloud;
use serde_json::Value;

/// cloud-init writes some kilobytes.
const MAX_INSTANCE_DATA: u64 = 4 << 20;

/// What is known of a machine whose files are below `root`.
pub(super) fn below(root: &Path) -> Option<Cloud> {
    let told = instance_data(root).and_then(|data| by_cloud_init(&data));
    let firmware = by_firmware(|name| {
        let text = fs::read_to_string(root.join("sys/class/dmi/id").join(name)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    });
    match (told, firmware) {
        // The firmware cannot be left behind by an image that was copied.
        (Some(told), Some(firmware)) if told.provider == firmware.provider => Some(Cloud {
            instance_id: told.instance_id.or(firmware.instance_id),
            instance_type: told.instance_type.or(firmware.instance_type),
            ..told
        }),
        (_, Some(firmware)) => Some(firmware),
        (told, None) => told,
    }
}

fn instance_data(root: &Path) -> Option<Value> {
    let path = root.join("run/cloud-init/instance-data.json");
    if fs::metadata(&path).ok()?.len() > MAX_INSTANCE_DATA {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn by_cloud_init(data: &Value) -> Option<Cloud> {
    let v1 = data.get("v1")?;
    let word = |key: &str| {
        let text = v1.get(key)?.as_str()?;
        Some(text.to_owned()).filter(|text| !text.is_empty())
    };
    let provider = match word("cloud_name")?.as_str() {
        "aws" => "aws",
        "gce" | "gcp" => "gcp",
        "azure" => "azure",
        "digitalocean" => "digitalocean",
        // A virtual machine or a desk, made by cloud-init without a cloud.
        "nocloud" | "none" | "unknown" | "configdrive" | "lxd" => return None,
        _ => "other",
    };
    Some(Cloud {
        provider: Some(provider),
        region: word("region"),
        instance_id: word("instance_id"),
        instance_type: None,
    })
}

/// Azure's mark in the chassis of each of its machines.
const AZURE_CHASSIS: &str = "7783-7084-3265-9085-8269-3286-77";

fn by_firmware(read: impl Fn(&str) -> Option<String>) -> Option<Cloud> {
    let vendor = read("sys_vendor").unwrap_or_default();
    let cloud = |provider| Cloud {
        provider: Some(provider),
        ..Cloud::default()
    };
    match vendor.as_str() {
        "Amazon EC2" => Some(Cloud {
            instance_id: read("board_asset_tag").filter(|tag| tag.starts_with("i-")),
            instance_type: read("product_name"),
            ..cloud("aws")
        }),
        "Google" => {
            (read("product_name").as_deref() == Some("Google Compute Engine")).then(|| cloud("gcp"))
        }
        "Microsoft Corporation" => {
            (read("chassis_asset_tag").as_deref() == Some(AZURE_CHASSIS)).then(|| cloud("azure"))
        }
        "DigitalOcean" => Some(Cloud {
            instance_id: read("product_serial"),
            ..cloud("digitalocean")
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> Option<Cloud> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        below(dir.path())
    }

    const VENDOR: &str = "sys/class/dmi/id/sys_vendor";
    const PRODUCT: &str = "sys/class/dmi/id/product_name";
    const DATA: &str = "run/cloud-init/instance-data.json";

    #[test]
    fn a_machine_of_nobodys_cloud_has_none() {
        assert_eq!(machine(&[]), None);
        assert_eq!(
            machine(&[(VENDOR, "QEMU\n"), (PRODUCT, "Standard PC\n")]),
            None
        );
        // Of the same vendor, but a machine on a desk.
        assert_eq!(
            machine(&[(VENDOR, "Microsoft Corporation\n"), (PRODUCT, "Surface\n")]),
            None
        );
        assert_eq!(
            machine(&[(DATA, r#"{"v1": {"cloud_name": "nocloud"}}"#)]),
            None
        );
        assert_eq!(machine(&[(DATA, "{")]), None);
    }

    #[test]
    fn firmware_and_cloud_init_complete_each_other() {
        let data =
            r#"{"v1": {"cloud_name": "aws", "region": "eu-north-1", "instance_id": "i-0made0up"}}"#;
        let cloud = machine(&[
            (VENDOR, "Amazon EC2\n"),
            (PRODUCT, "m7i.large\n"),
            (DATA, data),
        ]);
        let cloud = cloud.unwrap();
        assert_eq!(cloud.provider, Some("aws"));
        assert_eq!(cloud.region.as_deref(), Some("eu-north-1"));
        assert_eq!(cloud.instance_id.as_deref(), Some("i-0made0up"));
        assert_eq!(cloud.instance_type.as_deref(), Some("m7i.large"));
    }

    #[test]
    fn an_image_that_moved_to_another_cloud_is_where_its_firmware_says() {
        let data = r#"{"v1": {"cloud_name": "aws", "region": "eu-north-1"}}"#;
        let cloud = machine(&[(VENDOR, "DigitalOcean\n"), (DATA, data)]).unwrap();
        assert_eq!(cloud.provider, Some("digitalocean"));
        assert_eq!(cloud.region, None);
    }
}
