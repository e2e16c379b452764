//! `/ops` and `/ops/action` over HTTP.
//!
//! The Functions host requires a key: `authLevel` in the functions' files.

use futures_util::FutureExt;
use hyper::header;
use hyper::{Method, StatusCode};
use uuid::Uuid;

use super::action::{Action, Cause, Refusal};
use super::dialog;
use super::document::html;
use super::form::Form;
use super::page::Page;
use super::sources::Ops;
use super::token::{self, Token};
use crate::http::{Endpoint, Problem, Request, Response};

static PAGE: Endpoint = Endpoint {
    function: "ops",
    path: "ops",
    methods: &[(Method::GET, &[]), (Method::POST, &[])],
};

static ACTION: Endpoint = Endpoint {
    function: "ops_action",
    path: "ops/action",
    methods: &[(Method::POST, &[])],
};

/// The header in which the platform names the person that it authenticated. Where it authenticates no person, a
/// client may send it: then the name is a claim, like the name in a form.
const PRINCIPAL: &str = "x-ms-client-principal-name";

/// The longest name that a hold stores.
const LONGEST_NAME: usize = 100;

/// `/ops`: the page; after one of its forms, the confirmation.
pub async fn page(ops: &Ops, request: Request) -> Response {
    let handler = async |request: Request| {
        if request.method == Method::POST {
            return confirm(ops, request).boxed().await;
        }
        let page = Page::read(ops).boxed().await;
        Ok(html(StatusCode::OK, page.render()))
    };
    PAGE.respond(request, handler).await
}

/// `/ops/action`: executes a confirmed form.
pub async fn act(ops: &Ops, request: Request) -> Response {
    let handler = async |request: Request| act_on(ops, request).boxed().await;
    ACTION.respond(request, handler).await
}

async fn confirm(ops: &Ops, mut request: Request) -> Result<Response, Problem> {
    let form = Form::read(&mut request).await?;
    let action = match Action::of(&form, ops, (ops.clock)()).await {
        Ok(action) => action,
        Err(refusal) => return Ok(dialog::refused(&refusal)),
    };
    let token = Token::of(&request);
    let mut response = dialog::confirmation(&action, &token, principal(&request));
    let headers = response.headers_mut();
    headers.insert(header::SET_COOKIE, token.cookie());
    Ok(response)
}

async fn act_on(ops: &Ops, mut request: Request) -> Result<Response, Problem> {
    let form = Form::read(&mut request).await?;
    if token::is_foreign(&request) || !token::is_valid(&request, &form) {
        return Ok(dialog::refused(&Refusal::new(
            StatusCode::FORBIDDEN,
            &"The form is older than 15 minutes, or does not come from the page in this browser. Load the page \
             again, and allow its cookie.",
        )));
    }
    let (principal, invocation) = (principal(&request), request.invocation_id());
    let done = execute(ops, &form, principal, invocation).await;
    Ok(match done {
        Ok(text) => dialog::done(&text),
        Err(refusal) => dialog::refused(&refusal),
    })
}

async fn execute(
    ops: &Ops,
    form: &Form,
    principal: Option<String>,
    invocation: Option<Uuid>,
) -> Result<String, Refusal> {
    let now = (ops.clock)();
    let action = Action::of(form, ops, now).await?;
    let cause = Cause::of(&action, principal, form)?;
    action.execute(cause, ops, now, invocation).await
}

/// The name of the person, if the platform authenticates.
fn principal(request: &Request) -> Option<String> {
    let name = request.header(PRINCIPAL)?.trim();
    let name: String = name.chars().take(LONGEST_NAME).collect();
    (!name.is_empty()).then_some(name)
}
