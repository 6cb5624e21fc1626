//! Whatever a host, a model, a header or a path is: no panic, and a name that
//! only looks like a provider's is nobody's.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use oisp_registry::{Process, Registry};
use proptest::prelude::*;

const DOMAINS: [&str; 6] = [
    "api.openai.com",
    "api.anthropic.com",
    "openai.azure.com",
    "aiplatform.googleapis.com",
    "bedrock-runtime.us-east-1.amazonaws.com",
    "claude.ai",
];

proptest! {
    #[test]
    fn any_text_is_taken(text in any::<String>(), other in any::<String>()) {
        let registry = Registry::embedded();
        registry.provider_of(Some(&text));
        registry.region_of(&text);
        registry.family_of(&text);
        registry.app_by_user_agent(&text);
        let args = [text.as_str(), other.as_str()];
        registry.app_by_process(&Process { exe: Some(&text), args: &args, bundle_id: Some(&other) });
        let node = Process { exe: Some("node"), args: &args, bundle_id: None };
        registry.app_by_process(&node);
    }

    #[test]
    fn any_file_is_read_or_refused(text in any::<String>()) {
        let _ = Registry::parse(&text);
        let _ = Registry::embedded().with_additions(&format!("schema = 1\n{text}"));
    }

    #[test]
    fn names_below_are_the_providers(
        domain in prop::sample::select(&DOMAINS),
        label in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?",
        port in any::<u16>(),
    ) {
        let registry = Registry::embedded();
        let own = registry.provider_of(Some(domain)).map(|provider| provider.id.clone());
        prop_assert!(own.is_some());
        let below = format!("{label}.{domain}:{port}");
        prop_assert_eq!(registry.provider_of(Some(&below)).map(|provider| provider.id.clone()), own);
    }

    #[test]
    fn look_alikes_are_nobodys(
        domain in prop::sample::select(&DOMAINS),
        before in "[a-z0-9_]{1,10}",
        after in "[a-z]{2,10}(\\.[a-z]{2,5})?",
    ) {
        let registry = Registry::embedded();
        for host in [
            format!("{before}{domain}"),
            format!("{domain}.{after}"),
            format!("{domain}{after}x"),
            format!("{domain}@{after}"),
            format!("{after}@{domain}"),
            format!("{domain}/{after}"),
            format!("{domain}\0.{after}"),
            format!("{domain}:{after}"),
        ] {
            let found = registry.provider_of(Some(&host)).map(|provider| &provider.id);
            prop_assert!(found.is_none(), "{} is {:?}", host, found);
        }
    }
}
