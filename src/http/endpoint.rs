//! What a path takes: one guard for methods and queries before every handler.

use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use warp::http::{Method, StatusCode, header};

use super::problem::methods;
use super::{Problem, Request, Response, answer};

/// What a path takes.
#[derive(Debug)]
pub struct Endpoint {
    /// The function that the path belongs to, as its folder is named.
    pub function: &'static str,
    /// Its methods, each with its query parameters. HEAD goes with GET, and OPTIONS with all.
    pub methods: &'static [(Method, &'static [&'static str])],
}

impl Endpoint {
    /// Runs `handler` as [`answer()`] does, for a request whose method and query this path takes.
    ///
    /// Boxed: routes are nested in each other, and so would be the state of all their handlers, on the
    /// stack of one thread.
    pub fn answer<H, F>(&'static self, request: Request, handler: H) -> BoxFuture<'static, Response>
    where
        H: FnOnce(Request) -> F + Send + 'static,
        F: Future<Output = Result<Response, Problem>> + Send,
    {
        answer(self.function, request, |mut request| async {
            if request.method == Method::OPTIONS {
                return Ok(self.options());
            }
            let parameters = self.parameters(&request.method)?;
            request.parse_query(parameters)?;
            handler(request).await
        })
        .boxed()
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
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_goes_with_get_and_options_with_all() {
        let endpoint = Endpoint {
            function: "item",
            methods: &[(Method::GET, &["limit"]), (Method::POST, &[])],
        };
        assert_eq!(endpoint.allow(), "GET, HEAD, POST, OPTIONS");
        let parameters = |method| endpoint.parameters(&method).expect("it is taken");
        assert_eq!(parameters(Method::HEAD), ["limit"]);
        assert!(parameters(Method::POST).is_empty());
        assert!(endpoint.parameters(&Method::DELETE).is_err());
    }
}
