//! Reading one of a function's bindings, with the host's rules.
//!
//! Source: Azure/azure-functions-host, `BindingMetadata.cs`, `Utility.cs`.

use serde_json::Value;

use crate::{
    error::Error,
    function::{AuthLevel, FunctionName, HttpTrigger, TimerTrigger, Trigger},
    members::Members,
    route::RouteTemplate,
};

/// Binding types that the host knows without an extension bundle. Others are not known here.
const TYPES: [&str; 3] = ["httptrigger", "http", "timertrigger"];

/// The elements that `methods` may have, in any case.
const METHODS: [&str; 9] = [
    "get", "post", "put", "delete", "patch", "head", "options", "trace", "connect",
];

/// The part of an app that a mistake in a function.json stops.
#[derive(Debug)]
pub(crate) enum Failure {
    /// This function; the host runs the others.
    Function(Error),
    /// The whole app.
    App(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Function(error)
    }
}

/// One of a function's bindings.
pub(crate) struct Binding<'a> {
    members: Members<'a>,
    name: &'a str,
    kind: &'a str,
    out: bool,
}

/// The bindings of the function.json `root`.
pub(crate) fn bindings<'a>(root: &Members<'a>) -> Result<Vec<Binding<'a>>, Error> {
    if !root.has_exactly("bindings") {
        return Err(root.error("bindings", "is missing; the name must be in lower case"));
    }
    let bindings: Vec<Binding<'a>> = root
        .objects("bindings")?
        .into_iter()
        .map(read_binding)
        .collect::<Result<_, _>>()?;
    for (index, binding) in bindings.iter().enumerate() {
        if bindings[..index]
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(binding.name))
        {
            let problem = format!("is `{}`, which another binding has", binding.name);
            return Err(binding.members.error("name", problem));
        }
        if !TYPES
            .iter()
            .any(|kind| kind.eq_ignore_ascii_case(binding.kind))
        {
            let problem = format!(
                "is `{}`; only httpTrigger, http and timerTrigger are known here",
                binding.kind
            );
            return Err(binding.members.error("type", problem));
        }
    }
    Ok(bindings)
}

fn read_binding(members: Members<'_>) -> Result<Binding<'_>, Error> {
    let Some(kind) = members.text("type")? else {
        return Err(members.error("type", "is missing; write for instance `timerTrigger`"));
    };
    let Some(name) = members.text("name")?.filter(|name| is_binding_name(name)) else {
        let problem = "is missing or not a name; write a letter, then letters and digits";
        return Err(members.error("name", problem));
    };
    let out = match members
        .text("direction")?
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("in") => false,
        Some("out") => true,
        Some(_) => return Err(members.error("direction", "is neither `in` nor `out`")),
    };
    Ok(Binding {
        members,
        name,
        kind,
        out,
    })
}

/// `Utility.cs`, `ValidateBindingName`.
fn is_binding_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let letter_first = name.starts_with(|first: char| first.is_ascii_alphabetic());
    name == "$return" || (letter_first && plain && name.len() < 128)
}

impl Binding<'_> {
    pub(crate) fn is_trigger(&self) -> bool {
        self.kind.to_ascii_lowercase().ends_with("trigger")
    }

    pub(crate) fn is_http_trigger(&self) -> bool {
        self.kind.eq_ignore_ascii_case("httpTrigger")
    }

    pub(crate) fn is_http_output(&self) -> bool {
        self.out && self.kind == "http"
    }

    /// Reads the trigger of `function`.
    pub(crate) fn trigger(&self, function: &FunctionName) -> Result<Trigger, Failure> {
        if self.out {
            let problem = "is `out`; a trigger goes `in`";
            return Err(self.members.error("direction", problem).into());
        }
        if self.is_http_trigger() {
            self.http(function).map(Trigger::Http)
        } else {
            Ok(Trigger::Timer(self.timer()?))
        }
    }

    fn http(&self, function: &FunctionName) -> Result<HttpTrigger, Failure> {
        let text = self
            .members
            .text("route")?
            .filter(|route| !route.trim().is_empty());
        let text = text.unwrap_or(function.as_str());
        if RouteTemplate::is_reserved(text) {
            let problem = format!(
                "is `{text}`; routes that begin with `admin` or `runtime` are the host's own"
            );
            return Err(self.members.error("route", problem).into());
        }
        let route = RouteTemplate::parse(text);
        let route = route.map_err(|problem| Failure::App(self.members.error("route", problem)))?;
        Ok(HttpTrigger {
            route,
            methods: self.methods()?,
            auth_level: self.auth_level()?,
        })
    }

    fn methods(&self) -> Result<Option<Vec<String>>, Error> {
        let Some(methods) = self.members.texts("methods")?.filter(|all| !all.is_empty()) else {
            return Ok(None);
        };
        if let Some(method) = methods
            .iter()
            .find(|method| !METHODS.iter().any(|m| m.eq_ignore_ascii_case(method)))
        {
            let problem = format!("holds `{method}`, which is not an HTTP method");
            return Err(self.members.error("methods", problem));
        }
        Ok(Some(
            methods
                .iter()
                .map(|method| method.to_ascii_uppercase())
                .collect(),
        ))
    }

    fn auth_level(&self) -> Result<AuthLevel, Error> {
        match self
            .members
            .text("authLevel")?
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("function") => Ok(AuthLevel::Function),
            Some("anonymous") => Ok(AuthLevel::Anonymous),
            Some("admin") => Ok(AuthLevel::Admin),
            Some(_) => Err(self
                .members
                .error("authLevel", "is none of anonymous, function, admin")),
        }
    }

    fn timer(&self) -> Result<TimerTrigger, Error> {
        let schedule = match self.members.value("schedule") {
            // `5` is a TimeSpan of five days.
            Some(Value::Number(days)) => days.to_string(),
            _ => self
                .members
                .text("schedule")?
                .unwrap_or_default()
                .to_owned(),
        };
        if schedule.trim().is_empty() {
            let problem = "is missing or empty; write NCRONTAB, or `%SETTING%`";
            return Err(self.members.error("schedule", problem));
        }
        Ok(TimerTrigger {
            binding: self.name.to_owned(),
            schedule,
            run_on_startup: self.members.flag("runOnStartup")?.unwrap_or(false),
            use_monitor: self.members.flag("useMonitor")?.unwrap_or(true),
        })
    }
}
