//! Reading a `function.json`, with the host's rules.
//!
//! Source: Azure/azure-functions-host, `HostFunctionMetadataProvider.cs`, `BindingMetadata.cs`,
//! `FunctionMetadataExtensions.cs`. Members we do not know are ignored, as the host ignores them.

use serde_json::Value;

use crate::{
    function::{
        AuthLevel, Function, FunctionName, HttpTrigger, OutputBinding, Retry, RetryDelay,
        TimerTrigger, Trigger,
    },
    host_json::HostJson,
    members::{MemberError, Members, document},
    route::{RouteError, RouteTemplate},
};

/// Binding types that the host knows without an extension bundle.
const TYPES: [&str; 3] = ["httptrigger", "http", "timertrigger"];

/// What `methods` may hold, in any case.
const METHODS: [&str; 9] = [
    "get", "post", "put", "delete", "patch", "head", "options", "trace", "connect",
];

/// What a mistake in a function.json stops.
#[derive(Debug)]
pub(crate) enum Failure {
    /// This function; the host runs the others.
    Function(MemberError),
    /// The whole app.
    App(MemberError),
}

impl From<MemberError> for Failure {
    fn from(error: MemberError) -> Self {
        Self::Function(error)
    }
}

/// Reads the bytes of `<name>/function.json`. `files` are the names of the other files in the
/// folder, among which a `scriptFile` must be.
pub(crate) fn read(
    name: FunctionName,
    bytes: &[u8],
    files: &[&str],
    host: &HostJson,
) -> Result<Function, Failure> {
    let file = format!("{name}/function.json");
    let document = document(&file, bytes)?;
    let root = Members::root(&file, &document)?;
    script_file(&root, files)?;
    let bindings = bindings(&root, host)?;
    let mut triggers = bindings.iter().filter(|binding| binding.is_trigger());
    let (Some(trigger), None) = (triggers.next(), triggers.next()) else {
        return Err(root
            .error("bindings", "must hold exactly one trigger")
            .into());
    };
    Ok(Function {
        trigger: trigger.trigger(&name)?,
        outputs: outputs(&bindings)?,
        retry: root
            .object("retry")?
            .map(|retry| read_retry(&retry))
            .transpose()?,
        inputs: bindings.iter().filter(|binding| !binding.out).count(),
        name,
    })
}

struct Binding<'a> {
    members: Members<'a>,
    name: &'a str,
    kind: &'a str,
    out: bool,
}

fn bindings<'a>(root: &Members<'a>, host: &HostJson) -> Result<Vec<Binding<'a>>, MemberError> {
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
        if !host.extension_bundle
            && !TYPES
                .iter()
                .any(|kind| kind.eq_ignore_ascii_case(binding.kind))
        {
            let problem = format!(
                "is `{}`, which needs an extensionBundle in host.json",
                binding.kind
            );
            return Err(binding.members.error("type", problem));
        }
    }
    Ok(bindings)
}

fn read_binding(members: Members<'_>) -> Result<Binding<'_>, MemberError> {
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
    fn is_trigger(&self) -> bool {
        self.kind.to_ascii_lowercase().ends_with("trigger")
    }

    fn trigger(&self, function: &FunctionName) -> Result<Trigger, Failure> {
        if self.out {
            let problem = "is `out`; a trigger goes `in`";
            return Err(self.members.error("direction", problem).into());
        }
        match self.kind.to_ascii_lowercase().as_str() {
            "httptrigger" => self.http(function).map(Trigger::Http),
            "timertrigger" => Ok(Trigger::Timer(self.timer()?)),
            _ => {
                let problem = format!(
                    "is `{}`; only httpTrigger and timerTrigger are known here",
                    self.kind
                );
                Err(self.members.error("type", problem).into())
            }
        }
    }

    fn http(&self, function: &FunctionName) -> Result<HttpTrigger, Failure> {
        let text = self
            .members
            .text("route")?
            .filter(|route| !route.trim().is_empty());
        let route = RouteTemplate::parse(text.unwrap_or(function.as_str())).map_err(|error| {
            let text = self.members.error("route", error.to_string());
            match error {
                RouteError::Reserved(_) => Failure::Function(text),
                _ => Failure::App(text),
            }
        })?;
        Ok(HttpTrigger {
            route,
            methods: self.methods()?,
            auth_level: self.auth_level()?,
        })
    }

    fn methods(&self) -> Result<Option<Vec<String>>, MemberError> {
        let Some(methods) = self.members.texts("methods")?.filter(|all| !all.is_empty()) else {
            return Ok(None);
        };
        if let Some(method) = methods
            .iter()
            .find(|method| !METHODS.iter().any(|m| m.eq_ignore_ascii_case(method)))
        {
            let problem = format!("holds `{method}`, which is no HTTP method");
            return Err(self.members.error("methods", problem));
        }
        Ok(Some(
            methods
                .iter()
                .map(|method| method.to_ascii_uppercase())
                .collect(),
        ))
    }

    fn auth_level(&self) -> Result<AuthLevel, MemberError> {
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

    fn timer(&self) -> Result<TimerTrigger, MemberError> {
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

fn outputs(bindings: &[Binding<'_>]) -> Result<Vec<OutputBinding>, MemberError> {
    bindings
        .iter()
        .filter(|binding| binding.out)
        .map(|binding| {
            let data_type = binding.members.text("dataType")?;
            Ok(OutputBinding {
                name: binding.name.to_owned(),
                kind: binding.kind.to_owned(),
                binary: data_type.is_some_and(|kind| kind.eq_ignore_ascii_case("binary")),
            })
        })
        .collect()
}

fn read_retry(retry: &Members<'_>) -> Result<Retry, MemberError> {
    let required = |name: &str| {
        retry
            .duration(name)?
            .ok_or_else(|| retry.error(name, "is missing; write `hh:mm:ss`"))
    };
    let delay = match retry
        .text("strategy")?
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        Some("fixeddelay") => RetryDelay::Fixed(required("delayInterval")?),
        Some("exponentialbackoff") => RetryDelay::Exponential {
            minimum: required("minimumInterval")?,
            maximum: required("maximumInterval")?,
        },
        _ => {
            let problem = "is neither fixedDelay nor exponentialBackoff";
            return Err(retry.error("strategy", problem));
        }
    };
    let max_retry_count = match retry.integer("maxRetryCount")? {
        Some(-1) => None,
        Some(count) => Some(u32::try_from(count).map_err(|_| {
            retry.error(
                "maxRetryCount",
                "is negative; only -1 has a meaning: for ever",
            )
        })?),
        None => return Err(retry.error("maxRetryCount", "is missing")),
    };
    Ok(Retry {
        max_retry_count,
        delay,
    })
}

fn script_file(root: &Members<'_>, files: &[&str]) -> Result<(), MemberError> {
    match root.text("scriptFile")? {
        Some(script) if !files.contains(&script) => {
            let problem = format!("is `{script}`, which is not in the folder; remove the member");
            Err(root.error("scriptFile", problem))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::settings::Settings;

    fn parse(bindings: &str) -> Result<Function, String> {
        of(&format!(r#"{{"bindings":[{bindings}]}}"#))
    }

    fn of(text: &str) -> Result<Function, String> {
        let name = FunctionName::parse("Item").expect("a good name");
        let host = br#"{"version":"2.0","extensionBundle":{"id":"b"},
            "customHandler":{"description":{"defaultExecutablePath":"h"}}}"#;
        let host = HostJson::parse(host, &Settings::default()).expect("a good file");
        read(name, text.as_bytes(), &[], &host).map_err(|failure| match failure {
            Failure::Function(error) => error.to_string(),
            Failure::App(error) => format!("app: {error}"),
        })
    }

    const OUT: &str = r#"{"type":"http","direction":"out","name":"res"}"#;
    const IN: &str = r#"{"type":"httpTrigger","direction":"in","name":"req"}"#;

    #[test]
    fn an_http_function_defaults_to_its_name_all_methods_and_a_key() {
        let function = parse(&format!("{IN},{OUT}")).expect("a good function");
        let http = function.http().expect("an HTTP trigger");
        assert_eq!(http.route.as_str(), "Item");
        assert_eq!(http.methods, None);
        assert_eq!(http.auth_level, AuthLevel::Function);
        assert!(function.takes_requests());
    }

    #[test]
    fn any_further_binding_makes_it_a_json_payload() {
        let blob = r#"{"type":"blob","direction":"out","name":"b"}"#;
        let blob_in = r#"{"type":"blob","direction":"in","name":"b"}"#;
        for bindings in [
            IN.to_owned(),
            format!("{IN},{OUT},{blob}"),
            format!("{IN},{OUT},{blob_in}"),
        ] {
            let function = parse(&bindings).expect("a good function");
            assert!(!function.takes_requests(), "{bindings}");
        }
    }

    #[test]
    fn a_timer_keeps_its_schedule_raw_and_monitors_by_default() {
        let function = parse(
            r#"{"type":"timerTrigger","direction":"in","name":"timer","schedule":"%NIGHTLY%"}"#,
        )
        .expect("a good function");
        let timer = function.timer().expect("a timer trigger");
        assert_eq!(
            (timer.binding.as_str(), timer.schedule.as_str()),
            ("timer", "%NIGHTLY%")
        );
        assert!(timer.use_monitor && !timer.run_on_startup);
    }

    #[test]
    fn the_retry_policy_is_read() {
        let text = r#"{"retry":{"strategy":"fixedDelay","maxRetryCount":3,
            "delayInterval":"00:00:10"},"bindings":[
            {"type":"timerTrigger","name":"t","schedule":"0 0 * * * *"}]}"#;
        let function = of(text).expect("a good function");
        let retry = function.retry.expect("a policy");
        assert_eq!(retry.wait_before(2), Duration::from_secs(10));
        assert!(retry.allows(3) && !retry.allows(4));
    }

    #[test]
    fn an_error_names_the_member() {
        let timer = r#"{"type":"timerTrigger","direction":"in","name":"t"}"#;
        let queue = r#"{"type":"queueTrigger","direction":"in","name":"q"}"#;
        let route = r#"{"type":"httpTrigger","name":"r","route":"admin/x"}"#;
        let broken = r#"{"type":"httpTrigger","name":"r","route":"x/{id"}"#;
        let method = r#"{"type":"httpTrigger","name":"r","methods":["fetch"]}"#;
        for (bindings, part) in [
            (
                OUT.to_owned(),
                "Item/function.json: bindings must hold exactly one trigger",
            ),
            (
                format!("{IN},{timer}"),
                "bindings must hold exactly one trigger",
            ),
            (timer.to_owned(), "bindings[0].schedule is missing"),
            (queue.to_owned(), "bindings[0].type is `queueTrigger`"),
            (
                format!("{IN},{IN}"),
                "bindings[1].name is `req`, which another",
            ),
            (route.to_owned(), "bindings[0].route"),
            (method.to_owned(), "bindings[0].methods holds `fetch`"),
            (
                broken.to_owned(),
                "app: Item/function.json: bindings[0].route",
            ),
            (
                timer.replace("\"t\"", "\"my-t\""),
                "bindings[0].name is missing or not",
            ),
        ] {
            let error = parse(&bindings).expect_err("a bad function");
            assert!(error.contains(part), "{error}");
        }
    }
}
