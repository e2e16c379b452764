//! The tokens that the Resource Manager accepts, and an identity that has them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;

use super::reply::Reply;
use crate::fakes::Token;

/// A part of every token. No output may contain it.
pub(crate) const SECRET: &str = "eyJhdWQiOiJhIHNlY3JldCJ9";

/// All tokens so far.
pub(super) struct Tokens {
    /// The audience that the Resource Manager accepts.
    own_audience: String,
    /// The audience of the next tokens.
    pub(super) audience: String,
    pub(super) lasts: Duration,
    number: u32,
    known: HashMap<String, Known>,
}

struct Known {
    audience: String,
    ended: bool,
}

impl Tokens {
    pub(super) fn new(audience: &str) -> Tokens {
        let mut tokens = Tokens {
            own_audience: audience.to_owned(),
            audience: audience.to_owned(),
            lasts: Duration::from_hours(24),
            number: 0,
            known: HashMap::new(),
        };
        tokens.next();
        tokens
    }

    /// The newest token.
    pub(super) fn current(&self) -> Token {
        Token {
            text: format!("token{}.{SECRET}.c2ln", self.number),
            lasts: self.lasts,
        }
    }

    /// A new token.
    pub(super) fn next(&mut self) -> Token {
        self.number += 1;
        let token = self.current();
        let known = Known {
            audience: self.audience.clone(),
            ended: false,
        };
        self.known.insert(token.text.clone(), known);
        token
    }

    /// Ends all tokens, and returns a new one.
    pub(super) fn end(&mut self) -> Token {
        for known in self.known.values_mut() {
            known.ended = true;
        }
        self.next()
    }

    /// The error of a request that is not authorized.
    pub(super) fn rejection(&self, authorization: Option<&str>) -> Option<Reply> {
        let token = authorization.and_then(|it| it.strip_prefix("Bearer "));
        let (code, message) = match token.map(|token| self.known.get(token)) {
            None => (
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            ),
            Some(None) => ("InvalidAuthenticationToken", "The access token is invalid."),
            Some(Some(known)) if known.ended => (
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than current UTC time.",
            ),
            Some(Some(known)) if known.audience != self.own_audience => (
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource.",
            ),
            Some(Some(_)) => return None,
        };
        Some(Reply::error(401, code, message))
    }
}

/// An identity that always has the newest token.
pub(super) fn credential(tokens: Arc<Mutex<Tokens>>, scope: String) -> Arc<dyn TokenCredential> {
    Arc::new(Holder { tokens, scope })
}

struct Holder {
    tokens: Arc<Mutex<Tokens>>,
    scope: String,
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identity")
    }
}

#[async_trait]
impl TokenCredential for Holder {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, [self.scope.as_str()], "the scope of a token");
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let token = tokens.current();
        let ends = OffsetDateTime::now_utc() + token.lasts;
        Ok(AccessToken::new(token.text, ends))
    }
}
