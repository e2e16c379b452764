//! `scale hold`, `scale release` and `scale holds`.

use clap::Args;

use super::session::Session;
use crate::exit::{Exit, Failure};
use crate::scale::end::{End, size_of};
use crate::terminal::{print, say, say_table};
use crate::words;
use schedule::{Size, TargetName};

#[derive(Args)]
pub(crate) struct Hold {
    /// A target of the schedule
    target: TargetName,
    /// The size: 6, or 2-6 for a least and a most
    #[arg(long, value_parser = size_of)]
    size: Size,
    /// The end, within 7 days: 18:00 or "2026-11-25 18:00" on the target's clocks,
    /// 2026-11-25T17:00:00Z, or a length such as 2h
    #[arg(long, value_name = "TIME", verbatim_doc_comment)]
    until: End,
    /// The reason, for other operators
    #[arg(long)]
    reason: String,
    /// The author
    #[arg(long, value_name = "NAME", env = "USER")]
    by: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Release {
    /// A target of the schedule
    target: TargetName,
}

#[derive(Args)]
pub(crate) struct Holds {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Hold {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let (scaling, now) = (session.scaling().await?, session.now());
        let placing = scaling.placing(&self.target, self.size, self.until, now);
        let placing = placing.await?;
        let hold = scaling.place(&placing, self.reason, self.by, now).await?;
        if self.json {
            print(&hold);
            return Ok(());
        }
        let (name, zone) = (&hold.target, &placing.target.zone);
        say(format_args!(
            "{name} is held at {} until {} in {zone} ({} UTC), from the next tick on",
            hold.size,
            words::local(zone.wall(hold.until)),
            words::utc(hold.until)
        ));
        if !placing.has_resource {
            say(format_args!(
                "{name} has no resource, so the hold has no effect: see SCALE_RESOURCES"
            ));
        }
        Ok(())
    }
}

impl Release {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let (scaling, name) = (session.scaling().await?, self.target);
        if !scaling.holds().release(&name, session.now(), None).await? {
            let text = format!("{name} has no hold; `magnusapi scale holds` lists all");
            return Err(Failure::new(Exit::NothingToDo, text));
        }
        say(format_args!(
            "the hold on {name} is released; the schedule decides from the next tick on"
        ));
        Ok(())
    }
}

impl Holds {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let scaling = session.scaling().await?;
        let holds = scaling.holds().active(session.now()).await?;
        if self.json {
            print(holds);
            return Ok(());
        }
        if holds.is_empty() {
            say("there are no holds");
            return Ok(());
        }
        let rows = holds.into_iter().map(|hold| {
            [
                hold.target.to_string(),
                hold.size.to_string(),
                words::utc(hold.since),
                words::utc(hold.until),
                hold.by,
                hold.reason,
            ]
        });
        say_table("TARGET, >SIZE, SINCE (UTC), UNTIL (UTC), BY, REASON", rows);
        Ok(())
    }
}
