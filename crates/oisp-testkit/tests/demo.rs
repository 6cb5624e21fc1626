//! The demo's clients, run against the provider as the demo does.

use std::time::Duration;

use oisp_testkit::{Provider, demo};

#[tokio::test]
async fn every_client_of_the_demo_finishes_and_makes_its_calls() {
    let dir = std::env::temp_dir().join(format!("oisp-testkit-demo-{}", std::process::id()));
    let provider = Provider::builder()
        .dir(&dir)
        .scenarios(demo::scenarios())
        .start()
        .await
        .unwrap();
    let clients = demo::clients().await;
    for client in &clients {
        if let Err(why) = &client.available {
            eprintln!("SKIPPED: {}: {why}", client.name);
        }
    }
    let expected: u64 = clients
        .iter()
        .filter(|client| client.available.is_ok())
        .map(|client| client.calls)
        .sum();
    let scripts = dir.join("demo");
    let target = demo::Target {
        address: provider.https_addr(),
        ca: provider.ca_pem_path(),
        dir: &scripts,
    };
    let outcomes = demo::run_round(target, &clients).await.unwrap();
    for outcome in &outcomes {
        assert!(
            outcome.result.is_ok(),
            "{}: {:?}",
            outcome.name,
            outcome.result
        );
    }
    let exchanges = provider.wait_for(expected, Duration::from_secs(10)).await;
    assert_eq!(u64::try_from(exchanges.len()).unwrap(), expected);
    for exchange in &exchanges {
        assert!(
            ["api.openai.com", "api.anthropic.com"]
                .iter()
                .any(|host| exchange.host.starts_with(host)),
            "{}",
            exchange.host
        );
        let meant = exchange.meant.as_ref().unwrap();
        assert!(
            !meant.texts.concat().contains("fingerprint"),
            "a demo prompt without its answer: {meant:?}"
        );
    }
    provider.shutdown().await;
    std::fs::remove_dir_all(&dir).unwrap();
}
