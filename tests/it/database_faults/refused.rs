//! A server that ends connections, or has no free connection.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use localpg::ThrowawayOptions;
use reqwest::Method;
use tokio_postgres::NoTls;

use super::{create, impatient};
use crate::harness::{Database, Response, Start, connect, own_server, ready, run};

#[test]
fn connections_that_the_server_ends_are_replaced() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let client = database.connect().await;
        let end_all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE application_name = 'magnusapi' AND datname = current_database()";
        for round in 0..5 {
            let names: Vec<String> = (0..16).map(|number| format!("{round} {number}")).collect();
            for response in
                join_all(names.iter().map(|it| Response::to(create(&program, it)))).await
            {
                assert_eq!(response.status, 201, "{response:?}");
            }
            let ended = client
                .query_one(end_all, &[])
                .await
                .expect("they are ended");
            assert!(ended.get::<_, i64>(0) > 0);
            ready(&program).await;
        }
        // The line has the server's reason, not "db error".
        let line = program
            .error_line(|line| line.contains("connection ended"))
            .await;
        assert!(line.contains("57P01"), "{line}");
    });
}

#[test]
fn a_server_without_a_free_connection_causes_503_within_the_time_limit() {
    run(async {
        let settings = [
            ("max_connections", "6"),
            ("superuser_reserved_connections", "0"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let server = own_server(ThrowawayOptions {
            settings: settings.to_vec(),
            ..ThrowawayOptions::default()
        });
        let url = server.url("items");
        let program = impatient(&url).serving().await;
        ready(&program).await;
        let ender = connect(&url).await;
        let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'magnusapi'";
        ender.execute(end_all, &[]).await.expect("they are ended");
        let mut others = Vec::new();
        while let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await {
            tokio::spawn(connection);
            others.push(client);
        }
        let started = Instant::now();
        let requests = (1..=20).map(|id| program.request(Method::GET, &format!("/item/{id}")));
        for response in join_all(requests.map(Response::to)).await {
            response.problem(503, "database-unavailable");
        }
        assert!(
            started.elapsed() < Duration::from_secs(4),
            "{:?}",
            started.elapsed()
        );
        others.clear();
        ready(&program).await;
        program.make("one").await;
    });
}
