//! Reading a `function.json`, with the host's rules.
//!
//! Source: Azure/azure-functions-host, `HostFunctionMetadataProvider.cs`,
//! `FunctionMetadataExtensions.cs`. Unknown members are ignored, as the host ignores them.

use crate::{
    binding::{Binding, Failure, bindings},
    error::Error,
    function::{Function, FunctionName, Retry, RetryDelay},
    members::{Members, document},
};

/// Reads the bytes of `<name>/function.json`. `files` are the names of the other files in the
/// folder, among which a `scriptFile` must be.
pub(crate) fn read(name: FunctionName, bytes: &[u8], files: &[&str]) -> Result<Function, Failure> {
    let file = format!("{name}/function.json");
    let document = document(&file, bytes)?;
    let root = Members::root(&file, &document)?;
    script_file(&root, files)?;
    let bindings = bindings(&root)?;
    let mut triggers = bindings.iter().filter(|binding| binding.is_trigger());
    let (Some(trigger), None) = (triggers.next(), triggers.next()) else {
        return Err(root
            .error("bindings", "must hold exactly one trigger")
            .into());
    };
    Ok(Function {
        trigger: trigger.trigger(&name)?,
        retry: root
            .object("retry")?
            .map(|retry| read_retry(&retry))
            .transpose()?,
        // The trigger, the output, and no further binding.
        takes_requests: bindings.len() == 2
            && trigger.is_http_trigger()
            && bindings.iter().any(Binding::is_http_output),
        name,
    })
}

fn read_retry(retry: &Members<'_>) -> Result<Retry, Error> {
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

fn script_file(root: &Members<'_>, files: &[&str]) -> Result<(), Error> {
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

    fn parse(bindings: &str) -> Result<Function, String> {
        of(&format!(r#"{{"bindings":[{bindings}]}}"#))
    }

    fn of(text: &str) -> Result<Function, String> {
        let name = FunctionName::parse("Item").expect("a good name");
        read(name, text.as_bytes(), &[]).map_err(|failure| match failure {
            Failure::Function(error) => error.to_string(),
            Failure::App(error) => format!("app: {error}"),
        })
    }

    const OUT: &str = r#"{"type":"http","direction":"out","name":"res"}"#;
    const IN: &str = r#"{"type":"httpTrigger","direction":"in","name":"req"}"#;

    #[test]
    fn any_further_binding_makes_it_a_json_payload() {
        let third = OUT.replace("res", "other");
        for bindings in [IN.to_owned(), format!("{IN},{OUT},{third}")] {
            let function = parse(&bindings).expect("a good function");
            assert!(!function.takes_requests, "{bindings}");
        }
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
