//! `scale hold`, `scale release` and `scale holds`.

use super::session::{Failure, Session};
use crate::scale::hold_request::{self, End, HoldRequest};
use crate::terminal::{Table, print, say};
use crate::words;
use schedule::{Size, TargetName};

pub(super) struct Options {
    pub(super) size: Size,
    pub(super) until: End,
    pub(super) reason: String,
    pub(super) by: String,
}

pub(super) async fn hold(
    session: &Session,
    name: &TargetName,
    options: Options,
    json: bool,
) -> Result<(), Failure> {
    let loaded = session.good_schedule().await?;
    let target = hold_request::target(loaded.schedule.targets(), name)?;
    let now = session.now();
    let request = HoldRequest {
        size: options.size,
        until: options.until.at(&target.zone, now),
        reason: options.reason,
        by: options.by,
    };
    let hold = request.check(target, now).map_err(Failure::Rejected)?;
    let scaling = session.scaling().await?;
    scaling.holds().create(&hold).await?;
    if json {
        print(&hold);
        return Ok(());
    }
    say(format_args!(
        "{name} is held at {} until {} in {} ({} UTC), from the next tick on",
        hold.size,
        words::local(target.zone.wall(hold.until)),
        target.zone,
        words::utc(hold.until)
    ));
    if loaded.resource(name).is_none() {
        say(format_args!(
            "{name} has no resource, so the hold has no effect: see SCALE_RESOURCES"
        ));
    }
    Ok(())
}

pub(super) async fn release(session: &Session, name: &TargetName) -> Result<(), Failure> {
    let scaling = session.scaling().await?;
    if !scaling.holds().release(name, session.now(), None).await? {
        return Err(Failure::NotHeld(name.clone()));
    }
    say(format_args!(
        "the hold on {name} is released; the schedule decides from the next tick on"
    ));
    Ok(())
}

pub(super) async fn list(session: &Session, json: bool) -> Result<(), Failure> {
    let scaling = session.scaling().await?;
    let holds = scaling.holds().active(session.now()).await?;
    if json {
        print(holds);
        return Ok(());
    }
    if holds.is_empty() {
        say("there are no holds");
        return Ok(());
    }
    let mut table = Table::new(
        [
            "TARGET",
            "SIZE",
            "SINCE (UTC)",
            "UNTIL (UTC)",
            "BY",
            "REASON",
        ],
        &[1],
    );
    for hold in holds {
        table.row([
            hold.target.to_string(),
            hold.size.to_string(),
            words::utc(hold.since),
            words::utc(hold.until),
            hold.by,
            hold.reason,
        ]);
    }
    for line in table.lines() {
        say(line);
    }
    Ok(())
}
