//! Methods and query parameters of a path: one check before every handler.

use hyper::Method;
use hyper::header;

use super::problem::methods;
use super::{Problem, Request, Response, no_content, respond};

/// The requests that a path accepts.
#[derive(Debug)]
pub struct Endpoint {
    /// The function that the path belongs to, by the name of its folder.
    pub function: &'static str,
    /// The template of the path, without the first slash.
    pub path: &'static str,
    /// The methods, each with its query parameters. HEAD is allowed with GET, and OPTIONS always.
    pub methods: &'static [(Method, &'static [&'static str])],
}

impl Endpoint {
    /// Runs `handler` as [`respond()`] does, if this path accepts the request's method and query.
    pub async fn respond<H, F>(&self, request: Request, handler: H) -> Response
    where
        H: FnOnce(Request) -> F,
        F: Future<Output = Result<Response, Problem>>,
    {
        respond(
            self.function,
            self.path,
            request,
            async |mut request: Request| {
                if request.method == Method::OPTIONS {
                    return Ok(self.options());
                }
                let parameters = self.parameters(&request.method)?;
                request.parse_query(parameters)?;
                handler(request).await
            },
        )
        .await
    }

    fn parameters(&self, method: &Method) -> Result<&'static [&'static str], Problem> {
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let found = self.methods.iter().find(|(known, _)| known == method);
        let (_, parameters) = found.ok_or_else(|| Problem::method_not_allowed(&self.allow()))?;
        Ok(parameters)
    }

    fn options(&self) -> Response {
        let mut response = no_content();
        let allow = methods(&self.allow());
        response.headers_mut().insert(header::ALLOW, allow);
        response
    }

    fn allow(&self) -> String {
        let mut allow = String::new();
        for (method, _) in self.methods {
            allow.push_str(method.as_str());
            allow.push_str(if *method == Method::GET {
                ", HEAD, "
            } else {
                ", "
            });
        }
        allow.push_str("OPTIONS");
        allow
    }
}
