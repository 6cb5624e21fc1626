//! The layers, seen from outside: which wins, what is refused, what is printed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use oisp_config::{
    Alias, ByteSize, Findings, Flags, HumanDuration, Loaded, Origin, SecretSource, Settings,
    Sources, changed, example, load,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// A configuration with one value of each type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Toy {
    /// Where letters go.
    post: Post,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Post {
    /// Boxes.
    r#box: Vec<Letters>,
    /// How often.
    every: HumanDuration,
    /// How much.
    size: ByteSize,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Letters {
    /// In use.
    enabled: bool,
    /// Lines in front.
    headers: BTreeMap<String, SecretSource>,
    /// Which.
    name: String,
    /// The key.
    key: Option<SecretSource>,
    /// Where to.
    url: String,
}

impl Default for Letters {
    fn default() -> Self {
        Self {
            enabled: true,
            headers: BTreeMap::new(),
            name: "default".into(),
            key: None,
            url: String::new(),
        }
    }
}

impl Settings for Toy {
    const ALIASES: &'static [Alias] = &[];

    fn check(&self, findings: &mut Findings<'_>) {
        for (index, letters) in self.post.r#box.iter().enumerate() {
            if letters.url.is_empty() {
                findings.mistake(&format!("post.box[{index}].url"), "is missing");
            }
        }
    }
}

struct World {
    folder: TempDir,
    sources: Sources,
}

impl World {
    fn new(file: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let named = folder.path().join("toy.toml");
        std::fs::write(&named, file).unwrap();
        let sources = Sources {
            named: Some(named),
            ..Sources::default()
        };
        Self { folder, sources }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.sources.variables.push((name.into(), value.into()));
        self
    }

    fn load(&self) -> Loaded<Toy> {
        load(&self.sources).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Without the folder's name.
    fn refused(&self) -> String {
        let Err(error) = load::<Toy>(&self.sources) else {
            panic!("it was taken");
        };
        let folder = format!("{}/", self.folder.path().display());
        error.to_string().replace(&folder, "")
    }
}

const BOX: &str = "[[post.box]]\nurl = \"http://box.test\"\n";

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let text = "[post]\nevery = \"1s\"\nsize = \"1KiB\"\n";
    let mut world = World::new(text).with("OISP_POST_EVERY", "2s");
    let loaded = world.load();
    assert_eq!(loaded.settings.post.every, HumanDuration::from_secs(2));
    assert_eq!(loaded.settings.post.size, ByteSize::kib(1));
    world.sources.flags.set("post.every", "--every", Some("3s"));
    let loaded = world.load();
    assert_eq!(loaded.settings.post.every, HumanDuration::from_secs(3));
    let name = String::from("--every");
    assert_eq!(loaded.origin("post.every"), Origin::Flag { name });
}

#[test]
fn variables_and_flags_speak_of_the_entry_without_a_name() {
    let named = "[[post.box]]\nname = \"a\"\nurl = \"http://a.test\"\n";
    let world = World::new(named).with("OISP_BOX_URL", "http://b.test");
    let boxes = world.load().settings.post.r#box;
    let urls: Vec<_> = boxes.iter().map(|letters| letters.url.as_str()).collect();
    assert_eq!(urls, ["http://a.test", "http://b.test"]);
    let world = World::new(BOX).with("OISP_BOX_HEADERS", "X-Key=made-up, X-Other=b");
    let loaded = world.load();
    assert_eq!(loaded.settings.post.r#box.len(), 1);
    assert_eq!(loaded.settings.post.r#box[0].headers.len(), 2);
}

#[test]
fn an_empty_variable_is_not_set() {
    let world = World::new("[post]\nsize = 7\n").with("OISP_POST_SIZE", "");
    assert_eq!(world.load().settings.post.size, ByteSize(7));
}

#[test]
fn the_first_place_that_is_there_is_read() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| -> PathBuf { folder.path().join(name) };
    let mut sources = Sources {
        places: vec![place("one"), place("two")],
        ..Sources::default()
    };
    assert_eq!(sources.file(), None);
    std::fs::write(place("two"), "").unwrap();
    assert_eq!(sources.file(), Some(place("two")));
    std::fs::write(place("one"), "").unwrap();
    assert_eq!(sources.file(), Some(place("one")));
    sources.variables = vec![("OISP_CONFIG".into(), "three".into())];
    assert_eq!(sources.file(), Some("three".into()));
    sources.named = Some("four".into());
    assert_eq!(sources.file(), Some("four".into()));
}

#[test]
fn secrets_that_are_not_there_are_told_and_those_of_what_is_off_are_not_looked_for() {
    let keys = "key = { env = \"OISP_NO_SUCH\" }\nheaders = { x = { file = \"/nowhere/key\" } }\n";
    insta::assert_snapshot!(World::new(&format!("{BOX}{keys}")).refused(), @r"
    the configuration cannot be used:
      toy.toml:3:1: post.box[0].key: the environment variable OISP_NO_SUCH is not set
      toy.toml:4:13: post.box[0].headers.x: the secret in /nowhere/key cannot be read: No such file or directory (os error 2)
    ");
    World::new(&format!("{BOX}{keys}enabled = false\n")).load();
}

/// A value that looks like a secret, wherever it may stand.
#[test]
fn secrets_are_never_printed() {
    for text in [
        "key = [\"made-up\"]",
        "key = 4711",
        "key = { value = \"made-up\" }",
        "headers = \"made-up\"",
        "enabled = \"made-up\"",
        "key = \"made-up",
        "key = made-up",
        "made = \"made-up\"",
        "name = { made-up = 1 }",
    ] {
        let said = World::new(&format!("{BOX}{text}\n")).refused();
        assert!(
            !said.contains("made-up") && !said.contains("4711") || text.starts_with("name"),
            "{said}"
        );
        assert!(said.contains("toy.toml:3:"), "{text}: {said}");
    }
    let text = format!("{BOX}key = \"made-up\"\nheaders = {{ a = \"made-up\" }}\n");
    let loaded = World::new(&text).load();
    let key = loaded.settings.post.r#box[0].key.clone().unwrap();
    assert_eq!(key.resolve().unwrap().expose(), "made-up");
    let printed = format!("{:?} {:?}", loaded.rows(), loaded.settings);
    assert!(!printed.contains("made-up"), "{printed}");
}

#[test]
fn what_differs_is_told_by_key() {
    let old = World::new(BOX).load().settings;
    let mut new = old.clone();
    assert_eq!(changed(&old, &new), [""; 0]);
    new.post.size = ByteSize(1);
    new.post.r#box[0].enabled = false;
    assert_eq!(changed(&old, &new), ["post.box[0].enabled", "post.size"]);
    new.post.r#box.clear();
    assert!(changed(&old, &new).contains(&"post.box[0].url".into()));
}

#[test]
fn a_mistake_in_a_list_does_not_hide_those_behind_it() {
    let text = "[post]\nevery = 5\n[[post.box]]\nurl = 1\n[[post.box]]\nnmae = \"b\"\n";
    insta::assert_snapshot!(World::new(text).refused(), @r#"
    the configuration cannot be used:
      toy.toml:2:1: post.every: 5 has no unit: expected a time with its unit, such as "30s", "5m" or "7d"
      toy.toml:4:1: post.box[0].url: is 1; expected a text in quotes
      toy.toml:5:1: post.box[1].url: is missing
      toy.toml:6:1: post.box[1].nmae: unknown key; did you mean post.box[1].name?
    "#);
}

#[test]
fn a_file_with_a_mark_and_line_ends_of_windows_is_read() {
    let world = World::new("\u{feff}[post]\r\nsize = 7\r\nevry = 1\r\n");
    assert!(world.refused().contains("toy.toml:3:1: post.evry"));
}

#[test]
fn flags_that_are_not_given_set_nothing() {
    let mut flags = Flags::new();
    flags.set::<u32>("post.size", "--size", None);
    flags.set_list::<u32>("post.size", "--size", &[]);
    assert_eq!(flags.iter().count(), 0);
}

#[test]
fn the_example_has_every_key() {
    let text = example::<Toy>();
    for key in [
        "[post]",
        "#[[post.box]]",
        "#every =",
        "#headers = {}",
        "#key = { file",
        "OISP_BOX_URL",
    ] {
        assert!(text.contains(key), "{key}: {text}");
    }
    assert!(!text.contains("OISP_BOX_NAME"), "{text}");
}
