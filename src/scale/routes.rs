//! `/scale/plan`, `/scale/hold` and `/scale/hold/{target}` over HTTP.
//!
//! The Functions host lets only those through who have a key: `authLevel` in the folders' files.

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::{Method, StatusCode};
use warp::{Filter, Rejection};

use super::book::Book;
use super::report::Plan;
use super::scaling::Scaling;
use super::wish::{self, Wish};
use crate::http::{
    FieldError, Problem, Request, Response, answer, database_problem, json as json_response,
    request,
};
use crate::schedule::{Size, TargetName, parse_instant};

/// The functions that these routes belong to, as their folders are named.
const PLAN: &str = "scale_plan";
const HOLD: &str = "scale_hold";

/// A hold has a reason of at most 500 characters.
const LIMIT: usize = 16 * 1024;

/// How many days may be asked for, and how many are shown to who does not say?
const DAYS: std::ops::RangeInclusive<i64> = 1..=400;
const DAYS_BY_DEFAULT: i64 = 7;

/// All routes of sizes by schedule.
pub fn routes(
    scaling: &Scaling,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let (for_plan, for_holds, for_one) = (scaling.clone(), scaling.clone(), scaling.clone());
    // Boxed: routes are nested in each other, and so would be all that reading a schedule takes.
    let plan = warp::path!("scale" / "plan")
        .and(request())
        .then(move |request| {
            let scaling = for_plan.clone();
            answer(PLAN, request, |request| plan(scaling, request)).boxed()
        });
    let holds = warp::path!("scale" / "hold")
        .and(request())
        .then(move |request| {
            let scaling = for_holds.clone();
            answer(HOLD, request, |request| holds(scaling, request)).boxed()
        });
    let one = warp::path!("scale" / "hold" / String).and(request()).then(
        move |target: String, request| {
            let scaling = for_one.clone();
            answer(HOLD, request, |request| release(scaling, target, request)).boxed()
        },
    );
    plan.or(holds).unify().or(one).unify()
}

async fn plan(scaling: Scaling, request: Request) -> Result<Response, Problem> {
    if request.method != Method::GET && request.method != Method::HEAD {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    let now = scaling.now();
    let asked = Asked::parse(&request.query, now).map_err(Problem::bad_parameter)?;
    let book = book(&scaling, now).await?;
    let holds = scaling
        .holds()
        .active(now)
        .await
        .map_err(|it| database_problem(&it))?;
    let to = asked.from + SignedDuration::from_hours(24 * asked.days);
    let plan = Plan::new(&book, &holds, (asked.from, to), None);
    Ok(answered(StatusCode::OK, &json!({ "data": plan })))
}

/// What a plan is asked for.
struct Asked {
    from: Timestamp,
    days: i64,
}

impl Asked {
    fn parse(query: &str, now: Timestamp) -> Result<Asked, FieldError> {
        let mut asked = Asked {
            from: now,
            days: DAYS_BY_DEFAULT,
        };
        let (mut from, mut days) = (None, None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "from" => &mut from,
                "days" => &mut days,
                _ => {
                    return Err(FieldError::new(
                        name,
                        "it is not known; there are from and days",
                    ));
                }
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(FieldError::new(
                    name,
                    "it is there more than once; give it once",
                ));
            }
        }
        if let Some(from) = from {
            asked.from = parse_instant(&from).ok_or_else(|| {
                FieldError::new("from", "give an instant such as 2026-11-24T00:00:00Z")
            })?;
        }
        if let Some(days) = days {
            let read = days.parse().ok().filter(|it| DAYS.contains(it));
            asked.days = read.ok_or_else(|| {
                let (least, most) = (DAYS.start(), DAYS.end());
                FieldError::new(
                    "days",
                    format!("give a whole number from {least} to {most}"),
                )
            })?;
        }
        Ok(asked)
    }
}

async fn holds(scaling: Scaling, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::GET | Method::HEAD => {
            let holds = scaling.holds().active(scaling.now()).await;
            let holds = holds.map_err(|it| database_problem(&it))?;
            Ok(answered(StatusCode::OK, &json!({ "data": holds })))
        }
        Method::POST => make(scaling, request).await,
        _ => Err(Problem::method_not_allowed("GET, HEAD, POST")),
    }
}

/// What a creation says. Missing members and those of another type are told with their names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    target: String,
    size: Size,
    until: Timestamp,
    reason: String,
    by: String,
}

async fn make(scaling: Scaling, mut request: Request) -> Result<Response, Problem> {
    let body = request.json_body(&["application/json"], LIMIT).await?;
    let value: Value = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    let body: Body = serde_json::from_value(value)
        .map_err(|error| invalid(vec![FieldError::new("", error.to_string())]))?;
    let now = scaling.now();
    let book = book(&scaling, now).await?;
    let target = target(&book, &body.target)?;
    let wish = Wish {
        size: body.size,
        until: body.until,
        reason: body.reason,
        by: body.by,
    };
    let hold = wish.check(target, now).map_err(|refusals| {
        let errors = refusals.into_iter();
        invalid(
            errors
                .map(|it| FieldError::new(format!("/{}", it.part.name()), it.text))
                .collect(),
        )
    })?;
    scaling
        .holds()
        .make(&hold)
        .await
        .map_err(|it| database_problem(&it))?;
    Ok(answered(StatusCode::CREATED, &json!({ "data": hold })))
}

async fn release(scaling: Scaling, name: String, request: Request) -> Result<Response, Problem> {
    if request.method != Method::DELETE {
        return Err(Problem::method_not_allowed("DELETE"));
    }
    let name: TargetName = name.parse().map_err(|_| no_such_target(&name))?;
    let released = scaling.holds().release(&name, scaling.now()).await;
    if released.map_err(|it| database_problem(&it))? == 0 {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-hold",
            "There is no such hold",
            format!("nobody holds {name}; GET /scale/hold has the holds that there are"),
        ));
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

async fn book(scaling: &Scaling, now: Timestamp) -> Result<Book, Problem> {
    let unusable = |detail: String| {
        log::error!("{detail}");
        Problem::unavailable("unusable-schedule", "The schedule cannot be used", &detail)
    };
    let book = scaling.book(now).await;
    let book = book.map_err(|error| unusable(error.to_string()))?;
    let book = book.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-schedule",
            "There is no schedule",
            "put scale.toml beside host.json, or name one in SCALE_CONFIG",
        )
    })?;
    match book.errors() {
        Some(errors) => Err(unusable(errors)),
        None => Ok(book),
    }
}

fn target<'a>(book: &'a Book, name: &str) -> Result<&'a crate::schedule::Target, Problem> {
    let parsed: TargetName = name.parse().map_err(|_| no_such_target(name))?;
    wish::target(book.schedule.targets(), &parsed).map_err(|_| no_such_target(name))
}

fn no_such_target(name: &str) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-target",
        "There is no such target",
        format!("the schedule has no target {name:?}; GET /scale/plan has those that there are"),
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

fn answered(status: StatusCode, body: &Value) -> Response {
    let mut response = json_response(body.to_string().into_bytes());
    *response.status_mut() = status;
    response
}
