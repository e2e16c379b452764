//! `/item` and `/item/{id}` over HTTP.

use std::convert::Infallible;

use bytes::Bytes;
use uuid::Uuid;
use warp::http::{HeaderValue, Method, StatusCode, header};
use warp::{Filter, Rejection, Reply};

use super::{Creation, IdempotencyKey, ItemId, Items, KeyedCreation, Listing, Renaming};
use super::{Item, body};
use crate::http::{
    Endpoint, FieldError, Problem, Query, Request, Response, database_problem, json, request,
};

/// `/item`.
static ALL: Endpoint = Endpoint {
    function: "item",
    methods: &[(Method::GET, Listing::PARAMETERS), (Method::POST, &[])],
};

/// `/item/{id}`.
static ONE: Endpoint = Endpoint {
    function: "item",
    methods: &[
        (Method::GET, &[]),
        (Method::PATCH, &[]),
        (Method::DELETE, &[]),
    ],
};

/// All routes of items.
pub fn routes(
    items: &Items,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let for_all = items.clone();
    let for_one = items.clone();
    let all = warp::path!("item").and(request()).then(move |request| {
        let items = for_all.clone();
        ALL.answer(request, move |request| all(items, request))
    });
    let one = warp::path!("item" / String)
        .and(request())
        .then(move |id: String, request| {
            let items = for_one.clone();
            ONE.answer(request, move |request| one(items, id, request))
        });
    all.or(one).unify()
}

async fn all(items: Items, request: Request) -> Result<Response, Problem> {
    match request.method {
        Method::POST => create(&items, request).await,
        _ => list(&items, &request.method, &request.query).await,
    }
}

async fn one(items: Items, id: String, request: Request) -> Result<Response, Problem> {
    let id = ItemId::parse(&id).ok_or_else(|| {
        let detail = "give a whole number from 1 to 9223372036854775807";
        Problem::bad_parameter(FieldError::new("id", detail))
    })?;
    match request.method {
        Method::PATCH => rename(&items, id, request).await,
        Method::DELETE => delete(&items, id, request.invocation_id()).await,
        _ => read(&items, id).await,
    }
}

async fn list(items: &Items, method: &Method, query: &Query) -> Result<Response, Problem> {
    let listing = Listing::of(query).map_err(Problem::bad_parameter)?;
    if let Some(limit) = listing.limit {
        return page(items, limit, listing.after).await;
    }
    if method == Method::HEAD {
        // One row shows whether the database can list; the rest would be read for no reader.
        page(items, 1, listing.after).await?;
        return Ok(head());
    }
    let begun = items.streams().begin(listing.after).await;
    begun
        .map_err(|it| database_problem(&it))?
        .ok_or_else(too_many_streams)
}

fn too_many_streams() -> Problem {
    Problem::unavailable(
        "too-many-streams",
        "Too many whole listings are being sent",
        "try again in a moment, or ask for pages with ?limit=",
    )
}

/// The head of a listing whose length is not known.
fn head() -> Response {
    let nothing = futures_util::stream::empty::<Result<Bytes, Infallible>>();
    let mut response = warp::reply::stream(nothing).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

async fn page(items: &Items, limit: u16, after: Option<ItemId>) -> Result<Response, Problem> {
    let page = items
        .page(limit, after)
        .await
        .map_err(|it| database_problem(&it))?;
    let mut body = Vec::with_capacity(page.bytes() + 16);
    body.extend_from_slice(b"{\"data\":[");
    for (place, piece) in page.pieces.iter().enumerate() {
        // Every element has its comma before it, and the first one needs none.
        body.extend_from_slice(&piece.json[usize::from(place == 0)..]);
    }
    body.extend_from_slice(b"]}");
    let mut response = json(body);
    if let Some(next) = page.next {
        let link = format!("</item?limit={limit}&after={next}>; rel=\"next\"");
        let link = HeaderValue::from_str(&link).expect("numbers are visible ASCII");
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

async fn create(items: &Items, mut request: Request) -> Result<Response, Problem> {
    let key = idempotency_key(&request)?;
    let body = request.json_body(body::LIMIT).await?;
    let name = body::parse(&body)?;
    let creation = match key {
        None => items
            .create(name)
            .await
            .map_err(|it| database_problem(&it))?,
        Some(key) => {
            let keyed = items.create_once(&key, &name).await;
            answered(keyed.map_err(|it| database_problem(&it))?)?
        }
    };
    match creation {
        Creation::Created(item) => Ok(created(&item)),
        Creation::NameTaken => Err(name_taken()),
    }
}

fn created(item: &Item) -> Response {
    let mut response = json(item.to_json());
    *response.status_mut() = StatusCode::CREATED;
    let location = format!("/item/{}", item.id);
    let location = HeaderValue::from_str(&location).expect("a number is visible ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    response
}

fn idempotency_key(request: &Request) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = request.headers.get_all("idempotency-key").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if request.headers.contains_key("idempotency-key") {
            Err(bad_key("it is there more than once; send it once"))
        } else {
            Ok(None)
        };
    };
    let key = value.to_str().ok().and_then(IdempotencyKey::parse);
    key.map(Some)
        .ok_or_else(|| bad_key("send 1 to 255 visible ASCII characters, a new UUID say"))
}

fn bad_key(detail: &str) -> Problem {
    Problem::bad_parameter(FieldError::new("Idempotency-Key", detail))
}

fn answered(keyed: KeyedCreation) -> Result<Creation, Problem> {
    match keyed {
        KeyedCreation::Answered(creation) => Ok(creation),
        KeyedCreation::KeyReused => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The idempotency key was used for another body",
            "use a new key for each creation, and the same only to repeat it",
        )),
        KeyedCreation::InProgress => Err(Problem::new(
            StatusCode::CONFLICT,
            "idempotency-key-in-progress",
            "A request with this idempotency key is being worked on",
            "send it again in a moment to get the answer of the first",
        )),
    }
}

async fn read(items: &Items, id: ItemId) -> Result<Response, Problem> {
    let item = items.read(id).await.map_err(|it| database_problem(&it))?;
    item.map(|item| json(item.to_json()))
        .ok_or_else(|| no_such_item(id))
}

async fn rename(items: &Items, id: ItemId, mut request: Request) -> Result<Response, Problem> {
    let body = request.json_body(body::LIMIT).await?;
    let name = body::parse(&body)?;
    let renaming = items.rename(id, &name).await;
    match renaming.map_err(|it| database_problem(&it))? {
        Renaming::Renamed(item) => Ok(json(item.to_json())),
        Renaming::NameTaken => Err(name_taken()),
        Renaming::NoSuchItem => Err(no_such_item(id)),
    }
}

async fn delete(items: &Items, id: ItemId, invocation: Option<Uuid>) -> Result<Response, Problem> {
    let deleted = items.delete(id, invocation).await;
    if !deleted.map_err(|it| database_problem(&it))? {
        return Err(no_such_item(id));
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

fn no_such_item(id: ItemId) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-item",
        "There is no such item",
        format!("no item has the id {id}"),
    )
}

fn name_taken() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "name-taken",
        "Another item has this name",
        "names are unique; choose another, or rename or delete the item that has it",
    )
    .with_errors(vec![FieldError::new("/name", "another item has it")])
}
