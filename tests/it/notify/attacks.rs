//! Addresses and responses that must not reach anything else, and secrets that must not be printed.

use super::stage::{Stage, WORD, tick};
use crate::fakes::{Reaction, Receiver};
use crate::harness::{Start, eventually, run};

/// Waits for a failure of the only message that contains `text`.
async fn failure(stage: &Stage, text: &str) {
    let failures = format!("SELECT count(*) FROM notify_delivery WHERE failure LIKE '%{text}%'");
    eventually(text, || async {
        (stage.value(&failures).await == 1).then_some(())
    })
    .await;
}

#[test]
fn a_redirect_is_not_followed() {
    run(async {
        let stage = Stage::new().await;
        let elsewhere = Receiver::start().await;
        for status in ["307 Temporary Redirect", "302 Found"] {
            let location = format!("{status}\r\nLocation: {}/stolen", elsewhere.url);
            stage.receiver.responds(&location);
            let program = stage.serving().await;
            stage.breaks().await;
            stage.are_due().await;
            tick(&program).await;
            failure(&stage, "redirects are not followed").await;
            stage.mends().await;
        }
        assert!(elsewhere.deliveries().is_empty());
    });
}

#[test]
fn private_addresses_are_rejected_at_the_start() {
    for (url, hint) in [
        ("https://169.254.169.254/hush", "169.254.169.254"),
        ("https://10.0.0.1/hush", "NOTIFY_NETWORKS"),
        ("https://[::ffff:10.0.0.1]/hush", "NOTIFY_NETWORKS"),
        ("http://hooks.example/hush", "https"),
        ("hush", "https://<host>/<path>"),
        ("@Microsoft.KeyVault(SecretUri=https://hush)", "Key Vault"),
    ] {
        for name in ["NOTIFY_URL", "HEARTBEAT_URL", "HEARTBEAT_URL_SCALE"] {
            let output = Start::operator()
                .set(name, url)
                .argument("migrate")
                .output();
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{url}: {error}");
            assert!(
                error.contains(name) && error.contains(hint),
                "{url}: {error}"
            );
            assert!(!error.contains("hush"), "{error}");
        }
    }
}

/// The name of this machine resolves to this machine, as after a rebinding.
#[test]
fn a_name_that_resolves_to_this_machine_is_not_connected_to() {
    run(async {
        let stage = Stage::new().await;
        let port = stage
            .receiver
            .url
            .rsplit(':')
            .next()
            .expect("a port")
            .to_owned();
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
        let url = format!("https://{}:{port}/hush-path", name.trim());
        let output = Start::operator()
            .set("NOTIFY_URL", &url)
            .argument("notify")
            .argument("test")
            .output();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            text.contains("failed: ") && !text.contains("hush"),
            "{text}"
        );
        assert!(stage.receiver.deliveries().is_empty());
    });
}

#[test]
fn secrets_are_never_printed() {
    run(async {
        let stage = Stage::new().await;
        let heartbeat = format!("{}/hush-ping?hush=1", stage.receiver.url);
        let settings = |start: Start| {
            start
                .set("NOTIFY_SECRET", "hush-secret-of-32-characters-xxx")
                .set("HEARTBEAT_URL", &heartbeat)
        };
        let start = settings(stage.handler()).set("LOG", "trace");
        let program = start.set("LOG_REQUESTS", "all").serving().await;
        for reaction in [
            Reaction::Echo { last_word: false },
            Reaction::Echo { last_word: true },
            Reaction::Close,
            Reaction::Respond("302 Found\r\nLocation: /hush-location".to_owned()),
        ] {
            stage.receiver.reacts(reaction);
            stage.breaks().await;
            stage.are_due().await;
            tick(&program).await;
            stage.mends().await;
            stage.are_due().await;
            tick(&program).await;
        }
        stage.receiver.stop().await;
        stage.are_due().await;
        tick(&program).await;
        let health = program.get("/health").await;
        let mut printed = vec![String::from_utf8_lossy(&health.body).into_owned()];
        printed.extend(program.stdout());
        printed.extend(program.stderr());
        assert!(printed.len() > 100, "the log has all levels");
        for arguments in ["notify list", "notify list --json", "notify test"] {
            let url = format!("{}{}", stage.receiver.url, super::stage::PATH);
            let start = settings(Start::operator())
                .set("DATABASE_URL", &stage.database.url)
                .set("LOG", "trace")
                .set("NOTIFY_URL", &url);
            let output = arguments.split(' ').fold(start, Start::argument).output();
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            assert!(text.contains("127.0.0.1"), "{text}");
            printed.push(text);
        }
        let stored = stage
            .client
            .query("SELECT coalesce(failure, '') FROM notify_delivery", &[])
            .await
            .expect("the failures");
        printed.extend(stored.iter().map(|row| row.get::<_, String>(0)));
        for line in printed {
            let is_secret = line.contains("hush") || line.contains(WORD);
            assert!(!is_secret, "{line}");
        }
    });
}
