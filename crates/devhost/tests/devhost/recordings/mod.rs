//! This host beside the real Functions host (4.1037, with request proxying), as it was recorded.

mod case;
mod client;
mod described;
mod differences;
mod lifecycle;
mod message;
mod recorder;
mod stage;
mod timers;

use std::{collections::VecDeque, sync::Arc};

use tokio::{sync::Mutex, task::JoinSet};

use case::Case;
use differences::{EXCHANGES, RACES};
use stage::Stage;

/// Hosts side by side, for each route prefix: most of a case's time is waiting.
const HOSTS: [(&str, usize); 2] = [("", 14), ("api", 2)];

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_responses_are_those_of_the_real_host() {
    let mut workers = JoinSet::new();
    for (prefix, hosts) in HOSTS {
        let mut cases = case::all(prefix);
        // The longest first.
        cases.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        let cases = Arc::new(Mutex::new(VecDeque::from(cases)));
        for _ in 0..hosts {
            workers.spawn(work(prefix, cases.clone()));
        }
    }
    let mut found = Vec::new();
    while let Some(differences) = workers.join_next().await {
        found.extend(differences.expect("a worker ends"));
    }
    differences::compare(found, &EXCHANGES, &RACES);
}

/// Plays all cases, and returns the names and differences of those that differ.
async fn work(prefix: &'static str, cases: Arc<Mutex<VecDeque<Case>>>) -> Vec<(String, String)> {
    let mut stage = Stage::new(prefix).await;
    let mut differences = Vec::new();
    loop {
        let Some(case) = cases.lock().await.pop_front() else {
            return differences;
        };
        if let Err(difference) = stage.play(&case).await {
            differences.push((case.name.clone(), difference));
        }
        if case.ends_the_process() {
            stage = Stage::new(prefix).await;
        }
    }
}
