//! The requests of one connection, one after the other: each is routed, and its key is checked.

use std::{net::IpAddr, sync::Arc};

use tokio::net::TcpStream;

use super::{
    admin::{self, Admin},
    call,
    connection::{Connection, End},
    cors, keys, path, routes,
};
use crate::{
    shared::Shared,
    site::Site,
    wire::{BodyReader, NoRequest, Request, Response},
};

const HOMEPAGE: &str = "<!DOCTYPE html>\n<html><head><title>Functions host</title></head><body>\n\
    <h1>Your Functions app is up and running</h1>\n\
    <p>This is the host's own page: no function of the app matches <code>/</code>.</p>\n\
    </body></html>\n";

/// Serves the requests on `stream`, one after the other.
pub(super) async fn run(stream: TcpStream, peer: IpAddr, site: Arc<Site>) {
    let mut connection = Connection::new(stream, peer, site);
    loop {
        let request = tokio::select! {
            biased;
            () = connection.site.stopping.cancelled() => return,
            request = Request::read(&mut connection.source) => request,
        };
        let end = match request {
            Ok(request) => match connection.site.begin() {
                Some(shared) => serve(&mut connection, &shared, &request).await,
                None => {
                    connection
                        .hang_up(503, "Function host is not running.")
                        .await
                }
            },
            Err(NoRequest::Closed) => return,
            Err(NoRequest::Refused(status)) => connection.hang_up(status, "").await,
        };
        match end {
            End::KeepAlive => {}
            End::Close => return connection.close().await,
            End::Reset => return connection.reset(),
        }
    }
}

async fn serve(connection: &mut Connection, shared: &Arc<Shared>, request: &Request) -> End {
    let Some(path) = path::decoded(&request.path) else {
        let response = Response::empty(400);
        return connection.refuse(shared, request, response, true).await;
    };
    let mut reader = BodyReader::new(request.framing);
    let response = if let Some(preflight) = cors::preflight(&connection.site.cors, request) {
        preflight
    } else if let Some(admin) = Admin::of(&path) {
        match connection.body(shared, request, &mut reader).await {
            Ok(body) => admin::reply(shared, &admin, request, &body),
            Err(_) => return End::Close,
        }
    } else {
        match routes::find(shared, &request.method, &path) {
            None if path == "/" => homepage(shared),
            None => Response::empty(404),
            Some((function, http)) => {
                let name = function.name.as_str();
                if keys::opens(shared, name, http.auth_level, request) {
                    return call::call(connection, shared, function, request, &path, &mut reader)
                        .await;
                }
                Response::empty(401)
            }
        }
    };
    connection
        .respond(shared, request, response, &mut reader)
        .await
}

fn homepage(shared: &Shared) -> Response {
    let disabled = shared.settings.value("AzureWebJobsDisableHomepage");
    if disabled.is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1") {
        return Response::empty(204);
    }
    Response::text(200, "text/html", HOMEPAGE)
}
