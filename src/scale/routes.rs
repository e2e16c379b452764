//! `/scale/plan`, `/scale/hold` and `/scale/hold/{target}` over HTTP.
//!
//! The Functions host requires a key: `authLevel` in the functions' files.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use warp::http::{Method, StatusCode};
use warp::{Filter, Rejection};

use super::hold_request::{self, HoldRequest};
use super::loaded::LoadedSchedule;
use super::report::Plan;
use super::scaling::Scaling;
use crate::http::{
    Endpoint, FieldError, Problem, Query, Request, Response, database_problem,
    json as json_response, request,
};
use schedule::{Size, TargetName, parse_instant};

/// `/scale/plan`.
static PLAN: Endpoint = Endpoint {
    function: "scale_plan",
    methods: &[(Method::GET, &["from", "days"])],
};

/// `/scale/hold`.
static HOLDS: Endpoint = Endpoint {
    function: "scale_hold",
    methods: &[(Method::GET, &[]), (Method::POST, &[])],
};

/// `/scale/hold/{target}`.
static HOLD: Endpoint = Endpoint {
    function: "scale_hold",
    methods: &[(Method::DELETE, &[])],
};

/// A hold has a reason of at most 500 characters.
const LIMIT: usize = 16 * 1024;

const DAYS: std::ops::RangeInclusive<u16> = 1..=400;
const DAYS_BY_DEFAULT: u16 = 7;

pub fn routes(
    scaling: &Scaling,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let (for_plan, for_holds, for_one) = (scaling.clone(), scaling.clone(), scaling.clone());
    let plan = warp::path!("scale" / "plan")
        .and(request())
        .then(move |request| {
            let scaling = for_plan.clone();
            PLAN.answer(request, |request| plan(scaling, request))
        });
    let holds = warp::path!("scale" / "hold")
        .and(request())
        .then(move |request| {
            let scaling = for_holds.clone();
            HOLDS.answer(request, |request| holds(scaling, request))
        });
    let one = warp::path!("scale" / "hold" / String).and(request()).then(
        move |target: String, request| {
            let scaling = for_one.clone();
            HOLD.answer(request, |request| {
                release(scaling, target, request.invocation_id())
            })
        },
    );
    plan.or(holds).unify().or(one).unify()
}

async fn plan(scaling: Scaling, request: Request) -> Result<Response, Problem> {
    let now = scaling.now();
    let period = Period::of(&request.query, now).map_err(Problem::bad_parameter)?;
    let loaded = loaded(&scaling, now).await?;
    let holds = scaling
        .holds()
        .active(now)
        .await
        .map_err(|it| database_problem(&it))?;
    let plan = Plan::new(&loaded, &holds, period.from, period.days, None);
    Ok(response(StatusCode::OK, &json!({ "data": plan })))
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

async fn holds(scaling: Scaling, request: Request) -> Result<Response, Problem> {
    if request.method == Method::POST {
        return create(scaling, request).await;
    }
    let holds = scaling.holds().active(scaling.now()).await;
    let holds = holds.map_err(|it| database_problem(&it))?;
    Ok(response(StatusCode::OK, &json!({ "data": holds })))
}

/// The body of a creation. Errors name missing members and those of another type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    target: String,
    size: Size,
    until: Timestamp,
    reason: String,
    by: String,
}

async fn create(scaling: Scaling, mut request: Request) -> Result<Response, Problem> {
    let body = request.json_body(LIMIT).await?;
    let value: Value = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    let body: Body = serde_json::from_value(value)
        .map_err(|error| invalid(vec![FieldError::new("", error.to_string())]))?;
    let now = scaling.now();
    let loaded = loaded(&scaling, now).await?;
    let target = target(&loaded, &body.target)?;
    let request = HoldRequest {
        size: body.size,
        until: body.until,
        reason: body.reason,
        by: body.by,
    };
    let hold = request.check(target, now).map_err(|rejections| {
        let errors = rejections.into_iter();
        let errors = errors.map(|it| FieldError::new(format!("/{}", it.member.name()), it.text));
        invalid(errors.collect())
    })?;
    scaling
        .holds()
        .create(&hold)
        .await
        .map_err(|it| database_problem(&it))?;
    Ok(response(StatusCode::CREATED, &json!({ "data": hold })))
}

async fn release(
    scaling: Scaling,
    name: String,
    invocation: Option<Uuid>,
) -> Result<Response, Problem> {
    let name: TargetName = name.parse().map_err(|_| no_such_target(&name))?;
    let released = scaling.holds().release(&name, scaling.now(), invocation);
    let released = released.await;
    if !released.map_err(|it| database_problem(&it))? {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-hold",
            "There is no such hold",
            format!("{name} has no hold; GET /scale/hold lists all"),
        ));
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

async fn loaded(scaling: &Scaling, now: Timestamp) -> Result<LoadedSchedule, Problem> {
    let unusable = |detail: String| {
        log::error!("{detail}");
        Problem::unavailable("unusable-schedule", "The schedule cannot be used", &detail)
    };
    let loaded = scaling.loaded(now).await;
    let loaded = loaded.map_err(|error| unusable(error.to_string()))?;
    let loaded = loaded.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-schedule",
            "There is no schedule",
            "put scale.toml beside host.json, or name one in SCALE_CONFIG",
        )
    })?;
    match loaded.errors() {
        Some(errors) => Err(unusable(errors)),
        None => Ok(loaded),
    }
}

fn target<'a>(loaded: &'a LoadedSchedule, name: &str) -> Result<&'a schedule::Target, Problem> {
    let parsed: TargetName = name.parse().map_err(|_| no_such_target(name))?;
    hold_request::target(loaded.schedule.targets(), &parsed).map_err(|_| no_such_target(name))
}

fn no_such_target(name: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-target",
        "There is no such target",
        format!("the schedule has no target {name:?}; GET /scale/plan lists all"),
    )
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed-json",
        "The body is not JSON",
        format!("{error}; send {{\"target\": \"…\", \"size\": …, …}}"),
    )
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    let all: Vec<String> = errors
        .iter()
        .map(|error| format!("{}: {}", error.field, error.detail))
        .collect();
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-hold",
        "The body does not describe a hold",
        all.join("; "),
    )
    .with_errors(errors)
}

fn response(status: StatusCode, body: &Value) -> Response {
    let mut response = json_response(body.to_string().into_bytes());
    *response.status_mut() = status;
    response
}
