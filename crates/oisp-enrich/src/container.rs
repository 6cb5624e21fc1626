//! The container of a process, under the names of OpenTelemetry.

use oisp_core::raw::Container;
use serde_json::{Map, Value};

/// Adds what is known of it.
pub(crate) fn add(attrs: &mut Map<String, Value>, container: &Container) {
    let known = [
        ("container.id", Some(&container.id)),
        ("container.name", container.name.as_ref()),
        ("container.image.name", container.image.as_ref()),
        ("container.runtime", container.runtime.as_ref()),
        ("k8s.pod.name", container.pod_name.as_ref()),
        ("k8s.pod.uid", container.pod_uid.as_ref()),
        ("k8s.namespace.name", container.pod_namespace.as_ref()),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            attrs.insert(name.into(), value.clone().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_absent() {
        let mut attrs = Map::new();
        let mut container = Container {
            id: "abc".into(),
            ..Container::default()
        };
        add(&mut attrs, &container);
        assert_eq!(
            Value::Object(attrs),
            serde_json::json!({"container.id": "abc"})
        );
        container.name = Some("web".into());
        container.image = Some("example/web:2".into());
        container.runtime = Some("containerd".into());
        container.pod_name = Some("web-0".into());
        container.pod_uid = Some("2c48913c-b29f-11e7-9350-020968147796".into());
        container.pod_namespace = Some("team".into());
        let mut attrs = Map::new();
        add(&mut attrs, &container);
        assert_eq!(
            Value::Object(attrs),
            serde_json::json!({
                "container.id": "abc",
                "container.name": "web",
                "container.image.name": "example/web:2",
                "container.runtime": "containerd",
                "k8s.pod.name": "web-0",
                "k8s.pod.uid": "2c48913c-b29f-11e7-9350-020968147796",
                "k8s.namespace.name": "team",
            })
        );
    }
}
