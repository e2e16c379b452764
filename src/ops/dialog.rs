//! The documents after a form: the confirmation, and the result.

use askama::Template;
use hyper::StatusCode;

use super::action::{Action, Refusal};
use super::document::{SCRIPT, STYLE, html};
use super::token::{FIELD, Token};
use crate::http::Response;

#[derive(Template)]
#[template(path = "ops/confirmation.html")]
struct Confirmation<'a> {
    title: String,
    action: &'a Action,
    token: &'a Token,
    /// The name that the platform authenticated.
    principal: Option<String>,
}

/// Names the effect of `action` and asks for what it needs.
pub(super) fn confirmation(action: &Action, token: &Token, principal: Option<String>) -> Response {
    let document = Confirmation {
        title: action.title(),
        action,
        token,
        principal,
    };
    html(StatusCode::OK, rendered(&document))
}

#[derive(Template)]
#[template(path = "ops/result.html")]
struct Result<'a> {
    title: &'a str,
    style: &'a str,
    text: &'a str,
}

pub(super) fn done(text: &str) -> Response {
    let document = Result {
        title: "Done",
        style: "ok",
        text,
    };
    html(StatusCode::OK, rendered(&document))
}

pub(super) fn refused(refusal: &Refusal) -> Response {
    let document = Result {
        title: "It was not done",
        style: "fail",
        text: &refusal.text,
    };
    html(refusal.status, rendered(&document))
}

fn rendered(document: &impl Template) -> String {
    document.render().expect("writing to a string cannot fail")
}
