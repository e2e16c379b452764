//! `backup hold` and `backup release`.

use serde_json::json;

use super::One;
use super::session::{Failure, Session};
use crate::backup::Hold;
use crate::blob::Deletion;
use crate::exit::Exit;
use crate::terminal::{print, say};

pub(super) async fn hold(session: &Session, one: &One, reason: String) -> Result<(), Failure> {
    let (source_backups, stored) = session.one(one).await?;
    let hold = Hold {
        reason,
        since: (session.backups.clock())(),
    };
    source_backups.hold(&stored.id, &hold).await?;
    if one.json {
        print(json!({ "id": stored.id, "hold": hold }));
    } else {
        say(format_args!(
            "{}/{} is kept until it is released",
            source_backups.source, stored.id
        ));
    }
    Ok(())
}

pub(super) async fn release(session: &Session, one: &One) -> Result<(), Failure> {
    let (source_backups, stored) = session.one(one).await?;
    let released = match stored.hold {
        Some(_) => source_backups.release(&stored.id).await?,
        None => Deletion::Missing,
    };
    match released {
        Deletion::Refused(reason) => {
            let text = format!("the store refused: {reason}");
            return Err(Failure::new(Exit::Refused, text));
        }
        Deletion::Missing => {
            let text = format!("{} has no hold", stored.id);
            return Err(Failure::new(Exit::NothingToDo, text));
        }
        Deletion::Done => {}
    }
    if one.json {
        print(json!({ "id": stored.id, "hold": null }));
    } else {
        say(format_args!(
            "{}/{}: hold released",
            source_backups.source, stored.id
        ));
    }
    Ok(())
}
