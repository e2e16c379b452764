//! `/item` and `/item/{id}` over HTTP.

use futures_util::FutureExt;
use hyper::header::{self, HeaderValue};
use hyper::{Method, StatusCode};
use uuid::Uuid;

use super::{Creation, IdempotencyKey, ItemId, Items, KeyedCreation, Listing, Renaming};
use super::{Item, body};
use crate::http::{
    Endpoint, FieldError, Problem, Query, Request, Response, json, no_content, stream,
};

static ALL: Endpoint = Endpoint {
    function: "item",
    path: "item",
    methods: &[(Method::GET, Listing::PARAMETERS), (Method::POST, &[])],
};

static ONE: Endpoint = Endpoint {
    function: "item",
    path: "item/{id}",
    methods: &[
        (Method::GET, &[]),
        (Method::PATCH, &[]),
        (Method::DELETE, &[]),
    ],
};

/// `/item`.
pub async fn all(items: &Items, request: Request) -> Response {
    let handler = async |request: Request| match request.method {
        Method::POST => create(items, request).boxed().await,
        _ => list(items, &request.method, &request.query).boxed().await,
    };
    ALL.respond(request, handler).await
}

/// `/item/{id}`, where `None` is an invalid id.
pub async fn one(items: &Items, id: Option<ItemId>, request: Request) -> Response {
    let handler = async |request: Request| {
        let id = id.ok_or_else(invalid_id)?;
        match request.method {
            Method::PATCH => rename(items, id, request).boxed().await,
            Method::DELETE => Box::pin(delete(items, id, request.invocation_id())).await,
            _ => read(items, id).await,
        }
    };
    ONE.respond(request, handler).await
}

fn invalid_id() -> Problem {
    let detail = "give a whole number from 1 to 9223372036854775807";
    Problem::bad_parameter(FieldError::new("id", detail))
}

async fn list(items: &Items, method: &Method, query: &Query) -> Result<Response, Problem> {
    let listing = Listing::of(query).map_err(Problem::bad_parameter)?;
    if let Some(limit) = listing.limit {
        return page(items, limit, listing.after).await;
    }
    if method == Method::HEAD {
        // One row shows whether the database can list. The length of the whole listing is unknown.
        page(items, 1, listing.after).await?;
        return Ok(stream("application/json", futures_util::stream::empty()));
    }
    let begun = items.streams().begin(listing.after).await?;
    begun.ok_or_else(too_many_streams)
}

fn too_many_streams() -> Problem {
    Problem::unavailable(
        "too-many-streams",
        "Too many whole listings are open",
        "retry later, or request pages with ?limit=",
    )
}

async fn page(items: &Items, limit: u16, after: Option<ItemId>) -> Result<Response, Problem> {
    let page = items.page(limit, after).await?;
    let mut body = Vec::with_capacity(page.bytes() + 16);
    body.extend_from_slice(b"{\"data\":[");
    for (place, piece) in page.pieces.iter().enumerate() {
        // Each element begins with a comma, which the first one does not need.
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
    let name = body::name(&mut request).await?;
    let creation = match key {
        None => items.create(name).await?,
        Some(key) => creation_of(items.create_once(&key, &name).await?)?,
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
            Err(bad_key("it occurs more than once; send it once"))
        } else {
            Ok(None)
        };
    };
    let key = value.to_str().ok().and_then(IdempotencyKey::parse);
    key.map(Some)
        .ok_or_else(|| bad_key("send 1 to 255 visible ASCII characters, such as a new UUID"))
}

fn bad_key(detail: &str) -> Problem {
    Problem::bad_parameter(FieldError::new("Idempotency-Key", detail))
}

fn creation_of(keyed: KeyedCreation) -> Result<Creation, Problem> {
    match keyed {
        KeyedCreation::Done(creation) => Ok(creation),
        KeyedCreation::KeyReused => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The idempotency key was used for another body",
            "use a new key for each creation, and the same key only to repeat it",
        )),
        KeyedCreation::InProgress => Err(Problem::new(
            StatusCode::CONFLICT,
            "idempotency-key-in-progress",
            "A request with this idempotency key is still running",
            "retry later to get the response of that request",
        )),
    }
}

async fn read(items: &Items, id: ItemId) -> Result<Response, Problem> {
    let item = items.read(id).await?;
    item.map(|item| json(item.to_json()))
        .ok_or_else(|| no_such_item(id))
}

async fn rename(items: &Items, id: ItemId, mut request: Request) -> Result<Response, Problem> {
    let name = body::name(&mut request).await?;
    match items.rename(id, &name).await? {
        Renaming::Renamed(item) => Ok(json(item.to_json())),
        Renaming::NameTaken => Err(name_taken()),
        Renaming::NoSuchItem => Err(no_such_item(id)),
    }
}

async fn delete(items: &Items, id: ItemId, invocation: Option<Uuid>) -> Result<Response, Problem> {
    if !items.delete(id, invocation).await? {
        return Err(no_such_item(id));
    }
    Ok(no_content())
}

fn no_such_item(id: ItemId) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-item",
        "The item does not exist",
        format!("there is no item with the id {id}"),
    )
}

fn name_taken() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "name-taken",
        "Another item has this name",
        "names are unique; choose another name, or rename or delete the other item",
    )
    .with_errors(vec![FieldError::new("/name", "another item has this name")])
}
