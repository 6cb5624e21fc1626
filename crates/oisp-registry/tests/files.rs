//! A user's files: what they add, what is said about wrong ones, and that a
//! wrong one never takes the place of one that works.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use std::fs;
use std::sync::Arc;

use oisp_registry::{Bundle, Current, Registry, RegistryError, ReloadError, Sources};

/// What a fenced block of the documentation holds.
fn documented(language: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/registry.md");
    let fence = format!("```{language}\n");
    let blocks = page.split(fence.as_str()).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_documented_example_works() {
    let examples = documented("toml");
    let [example] = examples.as_slice() else {
        panic!("one example, not {}", examples.len());
    };
    let registry = Registry::embedded().with_additions(example).unwrap();
    assert_eq!(registry.version(), "2026.11.0+acme.4");
    let gateway = registry
        .provider_of(Some("eu.llm.acme.example:443"))
        .unwrap();
    assert_eq!(
        (&*gateway.id, &*gateway.otel),
        ("acme-gateway", "acme.gateway")
    );
    assert_eq!(
        registry.region_of("eu.llm.acme.example").as_deref(),
        Some("eu")
    );
    let local = registry.provider_of(Some("localhost:4000"));
    assert_eq!(local.map(|provider| &*provider.id), Some("acme-gateway"));
    assert_eq!(
        registry.family_of("acme-chat-2.1-large").as_deref(),
        Some("acme-chat-2.1")
    );
    let app = registry
        .app_by_user_agent("acme-assistant/3.2 (linux)")
        .unwrap();
    assert_eq!(
        (&*app.app.name, app.version.as_deref()),
        ("Acme Assistant", Some("3.2"))
    );
    // What was known still is.
    assert!(registry.provider_of(Some("api.openai.com")).is_some());
}

#[test]
fn the_documentation_lists_every_word() {
    let page = include_str!("../../../docs/registry.md");
    use oisp_registry::words;
    for word in [
        words::PROVIDERS,
        words::CATEGORIES,
        words::TYPES,
        words::AGENT_TYPES,
    ]
    .concat()
    {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn additions_take_the_place_of_what_they_name() {
    let added = r#"
        schema = 1
        [[provider]]
        id = "openai"
        name = "OpenAI through us"
        schema_name = "openai"
        hosts = ["api.openai.com", "claude.ai"]
        [[app]]
        id = "curl"
        name = "Our curl"
        category = "other"
        user_agents = ["curl/"]
    "#;
    let embedded = Registry::embedded();
    let registry = embedded.with_additions(added).unwrap();
    assert_eq!(registry.version(), "2026.11.0+local");
    let name = |host| {
        registry
            .provider_of(Some(host))
            .map(|provider| &*provider.name)
    };
    assert_eq!(name("api.openai.com"), Some("OpenAI through us"));
    assert_eq!(name("claude.ai"), Some("OpenAI through us"));
    assert_eq!(
        registry.providers().len(),
        embedded.providers().len() - 1,
        "claude-web lost its host"
    );
    assert_eq!(
        &*registry.app_by_user_agent("curl/8").unwrap().app.name,
        "Our curl"
    );
    assert_eq!(registry.apps().len(), embedded.apps().len());
}

fn refused(text: &str) -> String {
    Registry::embedded()
        .with_additions(text)
        .unwrap_err()
        .to_string()
}

fn provider(lines: &str) -> String {
    format!("schema = 1\n[[provider]]\nid = \"acme\"\nname = \"Acme\"\n{lines}")
}

#[test]
fn errors_name_the_entry_and_the_remedy() {
    for (text, said) in [
        ("version = \"1\"".to_owned(), "begin it with `schema = 1`"),
        ("schema = 2\nnew = true".to_owned(), "this version reads format 1"),
        ("schema = 1\n[[provider]\n".to_owned(), "line 2"),
        ("schema = 1\nprovidr = 3".to_owned(), "unknown field `providr`"),
        ("schema = 1\nversion = \"a b\"".to_owned(), "write 1 to 64 of the characters"),
        (provider("schema_name = \"acme\"\nhosts = [\"acme.example\"]"), "provider \"acme\": `schema_name` is \"acme\"; write one of openai, "),
        (provider("schema_name = \"other\"\nhosts = []"), "provider \"acme\": no hosts"),
        (provider("schema_name = \"other\"\nhosts = [\"https://acme.example\"]"), "provider \"acme\": pattern \"https://acme.example\""),
        (provider("schema_name = \"other\"\nhosts = [\"*.example\"]"), "the last two labels must be plain text"),
        (provider("schema_name = \"other\"\nhosts = [\"a.example\", \"A.example\"]"), "host \"A.example\" belongs to both"),
        (provider("schema_name = \"other\"\nhosts = [\"a.example\"]\n[[provider]]\nid = \"acme\"\nname = \"\"\nschema_name = \"other\"\nhosts = [\"b.example\"]"), "provider \"acme\" stands twice"),
        ("schema = 1\n[[app]]\nid = \"a\"\nname = \"A\"\ncategory = \"chat\"".to_owned(), "app \"a\": nothing to tell it by"),
        ("schema = 1\n[[app]]\nid = \"a\"\nname = \"A\"\ncategory = \"chats\"\nuser_agents = [\"a/\"]".to_owned(), "`category` is \"chats\""),
        ("schema = 1\n[[app]]\nid = \"a\"\nname = \"A\"\ncategory = \"chat\"\nexecutables = [\"a//b\"]".to_owned(), "app \"a\": pattern \"a//b\""),
        ("schema = 1\n[[app]]\nid = \"\"\nname = \"A\"\ncategory = \"chat\"\nuser_agents = [\"a/\"]".to_owned(), "1 to 64 characters"),
        ("schema = 1\n[[model_family]]\nfamily = \"x\"\nmodels = [\"*\"]".to_owned(), "pattern \"*\""),
        ("schema = 1\nmodel_prefixes = [\"\"]".to_owned(), "a prefix cannot be empty"),
    ] {
        let error = refused(&text);
        assert!(error.contains(said), "{error}\nnot: {said}");
    }
    let long = format!("schema = 1\n#{}", "x".repeat(5 << 20));
    assert!(matches!(
        Registry::parse(&long),
        Err(RegistryError::TooLarge { .. })
    ));
}

#[test]
fn a_reload_takes_what_is_right_and_leaves_what_works() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path().join("registry.toml");
    let prices = folder.path().join("prices.json");
    fs::write(&registry, "schema = 1\nversion = \"one\"").unwrap();
    fs::write(&prices, include_str!("../data/prices.json")).unwrap();
    let sources = Sources {
        registry: Some(registry.clone()),
        prices: Some(prices.clone()),
    };
    let current = Current::open(sources.clone()).unwrap();
    let other = current.clone();
    let held = current.load();
    assert_eq!(held.registry.version(), "2026.11.0+one");
    assert!(held.prices.version().starts_with("file+"));

    fs::write(&registry, "schema = 1\nversion = \"two\"").unwrap();
    current.reload().unwrap();
    assert_eq!(other.load().registry.version(), "2026.11.0+two");
    assert_eq!(
        held.registry.version(),
        "2026.11.0+one",
        "what is held stays"
    );

    // Each file is wrong in its turn; neither is taken, nor the other with it.
    fs::write(&registry, "schema = 1\nversion = \"three\"").unwrap();
    fs::write(&prices, "[]").unwrap();
    assert!(matches!(current.reload(), Err(ReloadError::Prices { .. })));
    assert_eq!(other.load().registry.version(), "2026.11.0+two");
    fs::write(&prices, include_str!("../data/prices.json")).unwrap();
    fs::write(&registry, "schema = 3").unwrap();
    let error = current.reload().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("registry.toml: the file is in format 3"),
        "{error}"
    );
    fs::remove_file(&registry).unwrap();
    assert!(matches!(current.reload(), Err(ReloadError::Read { .. })));
    assert!(matches!(
        Current::open(sources),
        Err(ReloadError::Read { .. })
    ));
    assert_eq!(other.load().registry.version(), "2026.11.0+two");

    current.replace(Bundle::embedded());
    assert_eq!(other.load().registry.version(), "2026.11.0");
}

#[test]
fn prices_that_nobody_has_are_told() {
    let mut bundle = Bundle::embedded();
    let lacking = |bundle: &Bundle| -> Vec<String> {
        bundle
            .without_prices()
            .map(|provider| provider.id.to_string())
            .collect()
    };
    assert_eq!(lacking(&bundle), Vec::<String>::new());
    let text = provider("schema_name = \"other\"\nprices = \"acme\"\nhosts = [\"acme.example\"]");
    bundle.registry = Arc::new(bundle.registry.with_additions(&text).unwrap());
    assert_eq!(lacking(&bundle), ["acme"]);
}
