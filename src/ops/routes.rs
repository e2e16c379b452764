//! `/ops` over HTTP.
//!
//! The Functions host requires a key: `authLevel` in the function's file.

use std::sync::Arc;

use futures_util::FutureExt;
use hyper::{Method, StatusCode};

use super::document::html;
use super::page::Page;
use crate::clock::Clock;
use crate::health::Health;
use crate::http::{Endpoint, Request, Response};
use crate::ledger::Ledger;

static PAGE: Endpoint = Endpoint {
    function: "ops",
    path: "ops",
    methods: &[(Method::GET, &[])],
};

/// What the page shows and changes. Clones share it.
#[derive(Clone)]
pub struct Ops {
    pub(super) sources: Arc<Sources>,
}

/// The sources of the panels.
pub(super) struct Sources {
    pub(super) health: Health,
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
}

impl Ops {
    pub fn new(health: Health, ledger: Ledger, clock: Clock) -> Ops {
        Ops {
            sources: Arc::new(Sources {
                health,
                ledger,
                clock,
            }),
        }
    }
}

/// `/ops`.
pub async fn page(ops: &Ops, request: Request) -> Response {
    let handler = async |_| {
        let page = Page::read(&ops.sources).boxed().await;
        Ok(html(StatusCode::OK, page.render()))
    };
    PAGE.respond(request, handler).await
}
