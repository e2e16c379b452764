//! SIGKILL for the server and for the program, SIGTERM for the program: acknowledged changes
//! stay.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::future::join_all;
use localpg::ThrowawayOptions;

use super::stuck::lock;
use super::{BOUND, create, impatient, kill, restart, unavailable, unhealthy};
use crate::harness::{
    Database, Program, Response, Start, connect, eventually, healthy, own_server, ready, run,
    waiting_for_a_lock,
};

#[test]
fn a_server_killed_three_times_under_load_loses_nothing_and_the_program_heals() {
    run(async {
        let server = Arc::new(own_server(ThrowawayOptions {
            durable: true,
            ..ThrowawayOptions::default()
        }));
        let url = server.url("items");
        let program = impatient(&url).serving().await;
        ready(&program).await;
        let stop = AtomicBool::new(false);
        let kills = async {
            for _ in 0..3 {
                program.make(&format!("before {:?}", Instant::now())).await;
                kill(&server).await;
                unhealthy(&program).await;
                restart(&server).await;
                healthy(&program).await;
            }
            stop.store(true, Ordering::Relaxed);
        };
        let workers = (0..24).map(|worker| load(&program, worker, &stop));
        let (seen, ()) = tokio::join!(join_all(workers), kills);
        let names: Vec<String> = seen.iter().flat_map(|it| it.acknowledged.clone()).collect();
        let failed: usize = seen.iter().map(|it| it.failed).sum();
        let read: usize = seen.iter().map(|it| it.read).sum();
        assert!(
            names.len() > 24 && read > 24 && failed > 24,
            "{} {read} {failed}",
            names.len()
        );
        all_there(&url, &names).await;
        program.make("after").await;
    });
}

#[test]
fn a_program_killed_under_load_keeps_every_acknowledged_item() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let acknowledged = Mutex::new(Vec::new());
        let workers = (0..16).map(|worker| {
            let (program, acknowledged) = (&program, &acknowledged);
            async move {
                for number in 0.. {
                    let name = format!("{worker} {number}");
                    // The kill ends it: an error is the connection's end.
                    let Ok(answer) = Response::try_to(create(program, &name)).await else {
                        break;
                    };
                    assert_eq!(answer.status, 201, "{answer:?}");
                    acknowledged.lock().expect("no panic").push(name);
                }
            }
        });
        let killing = async {
            eventually("some hundred items", || async {
                (acknowledged.lock().expect("no panic").len() > 300).then_some(())
            })
            .await;
            program.signal("KILL");
        };
        tokio::join!(join_all(workers), killing);
        let names = acknowledged.lock().expect("no panic").clone();
        all_there(&database.url, &names).await;
    });
}

#[test]
fn sigterm_lets_requests_finish() {
    run(async {
        let database = Database::migrated();
        let mut program = Start::on(&database).await;
        program.make("first").await;
        let mut blocker = database.connect().await;
        let lock = lock(&mut blocker, "item").await;
        let under_way = tokio::spawn(Response::to(create(&program, "second")));
        waiting_for_a_lock(&database, 1).await;
        program.signal("TERM");
        // It takes no new connections, and the one under way goes on.
        eventually("the listener's end", || async {
            let fresh = tokio::net::TcpStream::connect(program.address()).await;
            fresh.is_err().then_some(())
        })
        .await;
        lock.commit().await.expect("the lock is given up");
        let answer = under_way.await.expect("no panic");
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(program.ended().await.code(), Some(200));
    });
}

/// The result of a load: names that were acknowledged, and the number of requests that failed.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<String>,
    read: usize,
    failed: usize,
}

/// Creates and reads until `stop`, and holds every failure to be a bounded 503.
async fn load(program: &Program, worker: usize, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("{worker} {number}");
        let started = Instant::now();
        let created = Response::to(create(program, &name)).await;
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        if created.status == 201 {
            seen.acknowledged.push(name);
        } else {
            unavailable(&created);
            seen.failed += 1;
        }
        let started = Instant::now();
        let read = program.get("/item?limit=5").await;
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        if read.status == 200 {
            seen.read += 1;
        } else {
            unavailable(&read);
            seen.failed += 1;
        }
    }
    seen
}

async fn all_there(url: &str, names: &[String]) {
    let client = connect(url).await;
    let missing = "SELECT name FROM unnest($1::text[]) AS name
                    WHERE NOT EXISTS (SELECT FROM item WHERE item.name = name.name)";
    let missing = client
        .query(missing, &[&names])
        .await
        .expect("it can be asked");
    let missing: Vec<String> = missing.iter().map(|row| row.get(0)).collect();
    assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
}
