//! `backup restore`.

use serde_json::json;

use super::progress::Bar;
use super::session::{Failure, Session, target};
use super::{Login, One};
use crate::backup::Restored;
use crate::backup::restore::{Options, Progress, plain_commands};
use crate::terminal::print;

pub(super) async fn run(
    session: &Session,
    one: &One,
    to: &str,
    login: &Login,
    options: &Options,
) -> Result<(), Failure> {
    let database = target("--to", to, &login.auth)?;
    let identities = session.identities(login.identity.as_deref())?;
    let (depot, stored) = session.one(one).await?;
    let manifest = stored.readable()?;
    if !one.json {
        let to = database.address.display();
        println!("{}/{} to {to}", depot.source, stored.id);
    }
    let bar = Bar::of("restoring", manifest.content_bytes());
    let progress = Progress::default();
    let work = depot.restore(&stored, &database, options, identities.as_ref(), &progress);
    let look = || (progress.loaded_bytes(), progress.loaded_rows());
    let restored = bar.follow(work, look).await;
    drop(bar);
    let restored = restored?;
    let address = &database.address;
    let server = format!(
        "host={} port={} user={}",
        address.host(),
        address.port(),
        address.config.get_user().unwrap_or("postgres")
    );
    let commands = plain_commands(
        manifest,
        stored.id.as_str(),
        &server,
        address.config.get_dbname().unwrap_or("postgres"),
        &restored.report.place,
        options,
    );
    if one.json {
        print(json!({
            "source": depot.source.as_str(),
            "id": stored.id.as_str(),
            "to": address.display(),
            "serverVersion": restored.report.server_version,
            "tables": restored.tables,
            "rows": restored.rows,
            "verified": options.verify,
            "kept": restored.report.kept,
            "notices": restored.report.notices,
            "withoutMagnusapi": commands,
        }));
    } else {
        tell(&restored, options.verify);
        println!(
            "the same without magnusapi, after `magnusapi backup download {} .`:",
            stored.id
        );
        println!("{commands}");
    }
    Ok(())
}

fn tell(restored: &Restored, verified: bool) {
    let compared = if verified {
        "as they were"
    } else {
        "not compared"
    };
    println!(
        "{} tables with {} rows, {compared}",
        restored.tables, restored.rows
    );
    for kept in &restored.report.kept {
        println!("what was there before is in schema {kept}");
    }
    for notice in &restored.report.notices {
        println!("note: {notice}");
    }
}
