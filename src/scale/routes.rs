//! `/scale/plan`, `/scale/hold` and `/scale/hold/{target}` over HTTP.
//!
//! The Functions host requires a key: `authLevel` in the functions' files.

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::end::End;
use super::files::LoadError;
use super::placing::HoldError;
use super::report::Plan;
use super::scaling::Scaling;
use crate::http::{
    Endpoint, FieldError, Members, ObjectFormat, Problem, Query, Request, Response, no_content,
    whole,
};
use schedule::{Size, TargetName, parse_instant};

static PLAN: Endpoint = Endpoint {
    function: "scale_plan",
    path: "scale/plan",
    methods: &[(Method::GET, &["from", "days"])],
};

static HOLDS: Endpoint = Endpoint {
    function: "scale_hold",
    path: "scale/hold",
    methods: &[(Method::GET, &[]), (Method::POST, &[])],
};

static HOLD: Endpoint = Endpoint {
    function: "scale_hold",
    path: "scale/hold/{target}",
    methods: &[(Method::DELETE, &[])],
};

static HOLD_FORMAT: ObjectFormat = ObjectFormat {
    // A reason has at most 500 characters.
    limit: 16 * 1024,
    members: &["target", "size", "until", "reason", "by"],
    example: r#"{"target": "…", "size": 4, "until": "2026-11-24T00:00:00Z", "reason": "…", "by": "…"}"#,
    problem: "invalid-hold",
    title: "The body does not describe a hold",
};

const DAYS: std::ops::RangeInclusive<u16> = 1..=400;
const DAYS_BY_DEFAULT: u16 = 7;

/// `/scale/plan`.
pub async fn plan(scaling: &Scaling, request: Request) -> Response {
    let handler = async |request: Request| {
        let now = scaling.now();
        let period = Period::of(&request.query, now).map_err(Problem::bad_parameter)?;
        let loaded = scaling.schedule(now).await;
        let loaded = loaded.map_err(|error| schedule_problem(&error))?;
        let holds = scaling.holds().active(now).await?;
        let plan = Plan::new(&loaded, &holds, period.from, period.days, None);
        Ok(data(StatusCode::OK, &json!(plan)))
    };
    PLAN.respond(request, handler).await
}

/// `/scale/hold`.
pub async fn holds(scaling: &Scaling, request: Request) -> Response {
    let handler = async |request: Request| {
        if request.method == Method::POST {
            return create(scaling, request).await;
        }
        let holds = scaling.holds().active(scaling.now()).await?;
        Ok(data(StatusCode::OK, &json!(holds)))
    };
    HOLDS.respond(request, handler).await
}

/// `/scale/hold/{target}`.
pub async fn hold(scaling: &Scaling, target: String, request: Request) -> Response {
    let handler = async |request: Request| release(scaling, &target, request.invocation_id()).await;
    HOLD.respond(request, handler).await
}

/// The period of a plan.
struct Period {
    from: Timestamp,
    days: u16,
}

impl Period {
    fn of(query: &Query, now: Timestamp) -> Result<Period, FieldError> {
        Ok(Period {
            from: query.get("from").map_or(Ok(now), from)?,
            days: query.get("days").map_or(Ok(DAYS_BY_DEFAULT), days)?,
        })
    }
}

fn from(value: &str) -> Result<Timestamp, FieldError> {
    let detail = "give an instant in UTC, such as 2026-11-24T00:00:00Z";
    parse_instant(value).ok_or_else(|| FieldError::new("from", detail))
}

fn days(value: &str) -> Result<u16, FieldError> {
    let read = value.parse().ok().filter(|it| DAYS.contains(it));
    read.ok_or_else(|| {
        let (least, most) = (DAYS.start(), DAYS.end());
        let detail = format!("give a whole number from {least} to {most}");
        FieldError::new("days", detail)
    })
}

async fn create(scaling: &Scaling, mut request: Request) -> Result<Response, Problem> {
    let mut members = HOLD_FORMAT.read(&mut request).await?;
    let hold = Requested::of(&mut members);
    let hold = members.finish(hold)?;
    let now = scaling.now();
    let name = hold.target.parse();
    let name = name.map_err(|_| no_such_target(&hold.target))?;
    let end = End::Instant(hold.until);
    let placing = scaling.placing(&name, hold.size, end, now).await;
    let placing = placing.map_err(hold_problem)?;
    let placed = scaling.place(&placing, hold.reason, hold.by, now).await;
    let placed = placed.map_err(hold_problem)?;
    Ok(data(StatusCode::CREATED, &json!(placed)))
}

/// The members of a hold.
struct Requested {
    target: String,
    size: Size,
    until: Timestamp,
    reason: String,
    by: String,
}

impl Requested {
    /// Takes all members before the first `?`, so that the response lists the errors of all.
    fn of(members: &mut Members) -> Option<Requested> {
        let target = members.take("target");
        let (size, until) = (members.take("size"), members.take("until"));
        let (reason, by) = (members.take("reason"), members.take("by"));
        Some(Requested {
            target: target?,
            size: size?,
            until: until?,
            reason: reason?,
            by: by?,
        })
    }
}

fn hold_problem(error: HoldError) -> Problem {
    match error {
        HoldError::Load(error) => schedule_problem(&error),
        HoldError::Target(error) => no_such_target(error.name.as_str()),
        HoldError::Rejected(rejections) => {
            let errors = rejections.into_iter();
            let errors = errors.map(|it| FieldError::new(format!("/{}", it.part), it.text));
            HOLD_FORMAT.invalid(errors.collect())
        }
        HoldError::Database(error) => error.into(),
    }
}

fn schedule_problem(error: &LoadError) -> Problem {
    let detail = error.to_string();
    if let LoadError::Missing(_) = error {
        let title = "There is no schedule";
        return Problem::new(StatusCode::NOT_FOUND, "no-schedule", title, detail);
    }
    log::error!("{detail}");
    Problem::unavailable("unusable-schedule", "The schedule cannot be used", &detail)
}

async fn release(
    scaling: &Scaling,
    name: &str,
    invocation: Option<Uuid>,
) -> Result<Response, Problem> {
    let name: TargetName = name.parse().map_err(|_| no_such_target(name))?;
    let holds = scaling.holds();
    let released = holds.release(&name, scaling.now(), invocation);
    if !released.await? {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-hold",
            "The hold does not exist",
            format!("{name} has no hold; GET /scale/hold returns all holds"),
        ));
    }
    Ok(no_content())
}

fn no_such_target(name: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-target",
        "There is no such target",
        format!("the schedule has no target {name:?}; GET /scale/plan lists all"),
    )
}

/// `{"data": …}`.
fn data(status: StatusCode, data: &Value) -> Response {
    let body = json!({ "data": data }).to_string();
    whole(status, "application/json", body)
}
