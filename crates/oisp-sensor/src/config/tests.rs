//! Names lead to keys, and help tells what holds.

use std::collections::HashMap;

use clap::{CommandFactory as _, Parser as _};
use oisp_config::{Origin, Settings as _, Sources, load};

use super::Config;
use crate::cli::Cli;

/// Some value of each type.
const VALUES: [&str; 6] = ["true", "7", "30s", "warn", "agents", "name:claude"];

#[test]
fn every_other_name_of_a_variable_sets_its_key() {
    for alias in Config::ALIASES {
        let set = VALUES.iter().any(|value| {
            // Files and folders are looked for.
            let value = match alias.key {
                "registry.source" | "prices.source" => "Cargo.toml",
                "capture.signatures" => "src",
                _ => value,
            };
            let sources = Sources {
                variables: vec![(alias.name.into(), value.into())],
                ..Sources::default()
            };
            let name = alias.name.to_owned();
            load::<Config>(&sources)
                .is_ok_and(|loaded| loaded.origin(alias.key) == Origin::Variable { name })
        });
        assert!(set, "{}", alias.name);
    }
}

/// Every flag that sets a key.
const RECORD: &str = "oisp-sensor -v record --output x --process a --pid 1 --include b \
    --exclude c --cpu-budget 5 --no-process --no-file --no-network --signatures src \
    --stream-chunks --save-capture y --plain-port 1 --no-plain-port 2 --stdio off \
    --registry Cargo.toml --prices Cargo.toml --port 1 --host 127.0.0.2 --allow-host d \
    --no-web --redaction full --duration 1s --ring-mib 1";

#[test]
fn every_flag_sets_its_key_and_its_help_tells_the_default() {
    let cli = Cli::try_parse_from(RECORD.split_whitespace()).unwrap();
    let flags = cli.flags();
    let defaults: HashMap<_, _> = load::<Config>(&Sources::default())
        .unwrap()
        .rows()
        .into_iter()
        .map(|row| (row.key, row.value))
        .collect();
    let loaded = load::<Config>(&Sources {
        flags: flags.clone(),
        ..Sources::default()
    });
    let loaded = loaded.map_err(|error| error.to_string()).unwrap();
    let mut command = Cli::command();
    let record = command.find_subcommand_mut("record").unwrap().clone();
    let mut seen = 0;
    for (key, flag) in flags.iter() {
        let key = key.replace("[]", "[0]");
        let name = flag.to_owned();
        assert_eq!(loaded.origin(&key), Origin::Flag { name }, "{key}");
        let Some(argument) = record
            .get_arguments()
            .find(|argument| argument.get_long() == flag.strip_prefix("--"))
        else {
            continue;
        };
        seen += 1;
        let help = argument.get_help().unwrap().to_string();
        assert!(help.contains("[OISP_"), "{flag}: {help}");
        if let Some(default) = defaults.get(&key)
            && (default.is_number() || default.is_string())
        {
            let text = default.to_string().replace('"', "");
            assert!(help.contains(&format!("Default: {text}")), "{flag}: {help}");
        }
    }
    assert!(seen >= 24, "{seen}");
}

#[test]
fn what_is_written_is_what_holds() {
    let config = Config::default();
    let text = serde_json::to_value(&config).unwrap();
    assert_eq!(serde_json::from_value::<Config>(text).unwrap(), config);
}
