//! The resources, and their changes.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use super::kinds::Kind;
use super::reply::Reply;
use super::{On, Received, Trouble, Watch};

const SUBSCRIPTION: &str = "/subscriptions/11111111-2222-3333-4444-555555555555";

pub(super) struct World {
    url: String,
    resources: Vec<Resource>,
    changes: Vec<Change>,
    etags: u32,
    pub(super) polls: Option<usize>,
    pub(super) failure: Option<String>,
    pub(super) watch: Option<Watch>,
    pub(super) retry_after: Option<u64>,
    pub(super) next: VecDeque<(On, Trouble)>,
    pub(super) always: HashMap<On, Trouble>,
    pub(super) received: Vec<Received>,
}

pub(super) struct Resource {
    pub(super) kind: Kind,
    name: String,
    id: String,
    pub(super) body: Value,
    /// The number of the change in progress.
    pub(super) change: Option<usize>,
}

/// A change that was accepted.
struct Change {
    id: String,
    /// `None`: the test ends it.
    polls_to_end: Option<usize>,
    failure: Option<String>,
    before: Value,
    ended: bool,
}

impl World {
    pub(super) fn new(url: &str) -> World {
        World {
            url: url.to_owned(),
            resources: Vec::new(),
            changes: Vec::new(),
            etags: 0,
            polls: Some(1),
            failure: None,
            watch: None,
            retry_after: Some(0),
            next: VecDeque::new(),
            always: HashMap::new(),
            received: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, kind: Kind, path: &str, name: &str, mut body: Value) -> String {
        let namespace = kind.namespace();
        let id = format!("{SUBSCRIPTION}/resourceGroups/farm/providers/{namespace}/{path}");
        body["id"] = id.clone().into();
        body["name"] = name.into();
        self.resources.push(Resource {
            kind,
            name: name.to_owned(),
            id: id.clone(),
            body,
            change: None,
        });
        id
    }

    #[track_caller]
    fn position(&self, name: &str) -> usize {
        let found = self.resources.iter().position(|it| it.name == name);
        found.unwrap_or_else(|| panic!("there is no {name}"))
    }

    #[track_caller]
    pub(super) fn named(&self, name: &str) -> &Resource {
        &self.resources[self.position(name)]
    }

    #[track_caller]
    pub(super) fn edit(&mut self, name: &str, edit: impl FnOnce(Kind, &mut Value)) {
        let position = self.position(name);
        let resource = &mut self.resources[position];
        edit(resource.kind, &mut resource.body);
        self.renew_etag(position);
    }

    #[track_caller]
    pub(super) fn remove(&mut self, name: &str) {
        let position = self.position(name);
        self.resources.remove(position);
    }

    pub(super) fn finish_all(&mut self) {
        for number in 0..self.changes.len() {
            self.finish(number);
        }
    }

    /// The fault of this request.
    pub(super) fn trouble(&mut self, received: &Received) -> Trouble {
        let on = received.on();
        let next = self.next.iter().position(|(of, _)| *of == on);
        if let Some((_, trouble)) = next.and_then(|next| self.next.remove(next)) {
            return trouble;
        }
        let always = self.always.get(&on);
        always.cloned().unwrap_or(Trouble::None)
    }

    /// The response to an authorized request.
    pub(super) fn respond(&mut self, received: &Received) -> Reply {
        if received.on() == On::Poll {
            return self.poll(&received.path);
        }
        let found = self
            .resources
            .iter()
            .position(|it| it.id.eq_ignore_ascii_case(&received.path));
        let Some(position) = found else {
            let words = format!("The Resource '{}' was not found.", received.path);
            return Reply::error(404, "ResourceNotFound", &words);
        };
        let kind = self.resources[position].kind;
        if received.api_version != kind.api_version() {
            let words = format!(
                "The api-version '{}' is invalid. The supported version is '{}'.",
                received.api_version,
                kind.api_version()
            );
            return Reply::error(400, "InvalidApiVersionParameter", &words);
        }
        match received.method.as_str() {
            "GET" => self.read(position),
            method if method == kind.method() => self.write(position, received),
            _ => Reply::error(405, "MethodNotAllowed", "Not for this kind of resource."),
        }
    }

    fn read(&mut self, position: usize) -> Reply {
        if let Some(number) = self.resources[position].change {
            self.count_poll(number);
        }
        let reply = Reply::new(200, self.resources[position].body.clone());
        match self.resources[position].change {
            Some(_) => self.with_retry_after(reply),
            None => reply,
        }
    }

    fn write(&mut self, position: usize, received: &Received) -> Reply {
        let resource = &self.resources[position];
        let kind = resource.kind;
        let etag = kind.etag().and_then(|etag| resource.body.pointer(etag));
        let etag = etag.and_then(Value::as_str);
        if received
            .if_match
            .as_deref()
            .is_some_and(|it| Some(it) != etag)
        {
            return Reply::error(
                412,
                "EtagMismatch",
                "Operation is not allowed: Etag mismatched.",
            );
        }
        if self.is_busy(position) {
            let words = "Operation is not allowed: Another operation (Updating) is in progress.";
            return Reply::error(409, "OperationNotAllowed", words);
        }
        if let Some(rejection) = kind.rejection(&resource.body, &received.body) {
            return rejection;
        }
        let number = self.begin(position, &received.body);
        self.accepted(position, number)
    }

    /// AKS allows one operation in a cluster, and others allow one on a resource.
    fn is_busy(&self, position: usize) -> bool {
        let group = |resource: &Resource| {
            let cluster = resource.id.split("/agentPools/").next();
            cluster.unwrap_or_default().to_lowercase()
        };
        let own = group(&self.resources[position]);
        let mut others = self.resources.iter().filter(|it| group(it) == own);
        others.any(|it| it.change.is_some())
    }

    fn begin(&mut self, position: usize, sent: &Value) -> usize {
        let number = self.changes.len();
        let resource = &mut self.resources[position];
        self.changes.push(Change {
            id: resource.id.clone(),
            polls_to_end: self.polls,
            failure: self.failure.clone(),
            before: resource.body.clone(),
            ended: false,
        });
        resource.body = resource.kind.merged(&resource.body, sent);
        resource.change = Some(number);
        if resource.kind.has_state() {
            let word = resource.kind.word_for_changing();
            resource.body["properties"]["provisioningState"] = word.into();
        }
        self.renew_etag(position);
        if self.polls == Some(0) {
            self.finish(number);
        }
        number
    }

    fn accepted(&self, position: usize, number: usize) -> Reply {
        let resource = &self.resources[position];
        let done = Reply::new(200, resource.body.clone());
        if self.changes[number].ended {
            return done;
        }
        let usual = match resource.kind {
            Kind::NodePool | Kind::ScaleSet => Watch::Operation,
            Kind::FlexApp => Watch::Location,
            Kind::Plan => Watch::State,
        };
        let link = |form: &str| {
            let (namespace, version) = (resource.kind.namespace(), resource.kind.api_version());
            format!(
                "{}{SUBSCRIPTION}/providers/{namespace}/locations/westeurope/operations/{form}{number}\
                 ?api-version={version}&t=639000000000000000&s=c2lnbmF0dXJl",
                self.url
            )
        };
        let reply = match self.watch.unwrap_or(usual) {
            Watch::Operation => done
                .with("azure-asyncoperation", link("status"))
                .with("location", link("result")),
            Watch::Location => Reply::new(202, Value::Null).with("location", link("result")),
            Watch::State => Reply {
                status: 201,
                ..done
            },
        };
        self.with_retry_after(reply)
    }

    /// Through a link of a change: `…/operations/status7` or `…/operations/result7`.
    fn poll(&mut self, path: &str) -> Reply {
        let name = path.rsplit('/').next().unwrap_or_default();
        let of_status = name.starts_with("status");
        let number = name.trim_start_matches(char::is_alphabetic).parse();
        let number = number.unwrap_or(usize::MAX);
        if self.changes.get(number).is_none() {
            return Reply::error(404, "NotFound", "There is no such operation.");
        }
        self.count_poll(number);
        let change = &self.changes[number];
        let error = change.failure.as_deref().map(failure);
        match (of_status, change.ended, error) {
            (true, false, _) => {
                let running = json!({ "name": name, "status": "InProgress" });
                self.with_retry_after(Reply::new(200, running))
            }
            (true, true, None) => Reply::new(200, json!({ "name": name, "status": "Succeeded" })),
            (true, true, Some(error)) => {
                let failed = json!({ "name": name, "status": "Failed", "error": error });
                Reply::new(200, failed)
            }
            (false, false, _) => {
                let link = format!("{}{path}?api-version=2025-05-01", self.url);
                self.with_retry_after(Reply::new(202, Value::Null).with("location", link))
            }
            (false, true, None) => {
                let resource = self.resources.iter().find(|it| it.id == change.id);
                resource.map_or(Reply::new(204, Value::Null), |it| {
                    Reply::new(200, it.body.clone())
                })
            }
            (false, true, Some(error)) => Reply::new(400, json!({ "error": error })),
        }
    }

    fn count_poll(&mut self, number: usize) {
        let Some(polls) = &mut self.changes[number].polls_to_end else {
            return;
        };
        *polls = polls.saturating_sub(1);
        if *polls == 0 {
            self.finish(number);
        }
    }

    fn finish(&mut self, number: usize) {
        let change = &mut self.changes[number];
        if std::mem::replace(&mut change.ended, true) {
            return;
        }
        let found = self.resources.iter().position(|it| it.id == change.id);
        let Some(position) = found else { return };
        let resource = &mut self.resources[position];
        resource.change = None;
        if let Some(code) = &change.failure {
            resource.body = change.before.clone();
            if resource.kind == Kind::NodePool {
                resource.body["properties"]["status"]["provisioningError"] = failure(code);
            }
        }
        if resource.kind.has_state() {
            let state = if change.failure.is_some() {
                "Failed"
            } else {
                "Succeeded"
            };
            resource.body["properties"]["provisioningState"] = state.into();
        }
        self.renew_etag(position);
    }

    fn renew_etag(&mut self, position: usize) {
        self.etags += 1;
        let resource = &mut self.resources[position];
        let etag = resource.kind.etag();
        if let Some(place) = etag.and_then(|etag| resource.body.pointer_mut(etag)) {
            *place = format!("\"e{}\"", self.etags).into();
        }
    }

    fn with_retry_after(&self, reply: Reply) -> Reply {
        match self.retry_after {
            Some(seconds) => reply.with("retry-after", seconds.to_string()),
            None => reply,
        }
    }
}

/// The error of a failed change.
fn failure(code: &str) -> Value {
    json!({ "code": code, "message": "The test requested this failure." })
}
