//! `host.json`: how the host starts the handler and how HTTP reaches it.
//!
//! Source: Azure/azure-functions-host, `Workers/Http/Configuration/HttpWorkerOptions.cs`,
//! `HttpWorkerDescription.cs`, `ScriptJobHostOptionsSetup.cs`. Members we do not know are ignored,
//! as the host ignores them.

use std::time::Duration;

use serde_json::Value;

use crate::{
    error::Error,
    log_levels::{LogLevel, LogLevels},
    members::{Members, document},
    overrides,
    settings::Settings,
    timespan,
};

/// The longest wait that .NET's timers can be set to, and so the longest functionTimeout.
const LONGEST_TIMEOUT: Duration = Duration::from_millis(2_147_483_647);
const DEFAULT_FUNCTION_TIMEOUT: Duration = Duration::from_mins(5);
const DEFAULT_ROUTE_PREFIX: &str = "api";
const DEFAULT_INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The members of `host.json`, with the host's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostJson {
    /// The custom handler. An app without one belongs to another language's worker and is refused.
    pub custom_handler: CustomHandler,
    /// The longest run of an invocation; `None` for `-1`. Five minutes when absent:
    /// the Consumption plans' default, and the shortest one (the other plans' is thirty).
    pub function_timeout: Option<Duration>,
    /// `extensions.http.routePrefix`, without slashes at its ends. `api` when absent.
    pub route_prefix: String,
    /// `extensions.http.customHeaders`: set on every response, in name order.
    pub custom_headers: Vec<(String, String)>,
    /// `functions`: where there are any, the only functions that run. Unknown names are ignored.
    pub allowed_functions: Vec<String>,
    pub log_levels: LogLevels,
    /// `fileWatchingEnabled`, true when absent: a change of the app's files restarts the app.
    pub watches_files: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomHandler {
    /// `description.defaultExecutablePath`, raw: `%NAME%` is a variable of the host.
    pub executable: String,
    /// `description.arguments`, then `defaultWorkerPath` in quotes, then `workerArguments`, all
    /// raw. The host joins them with spaces, without quoting.
    pub arguments: Vec<String>,
    /// `description.workerDirectory`: the base of a relative executable; the app's folder
    /// when absent.
    pub worker_directory: Option<String>,
    /// `description.workingDirectory`: the handler's current folder; the app's folder when absent.
    pub working_directory: Option<String>,
    /// `description.useStdErrorStreamForErrorsOnly`, true when absent: a line on stderr is an
    /// error.
    pub stderr_is_for_errors: bool,
    /// `enableForwardingHttpRequest`: HTTP requests are rebuilt and buffered.
    pub forwards_http: bool,
    /// `enableProxyingHttpRequest`: HTTP requests are streamed as they are. Wins over forwarding.
    pub proxies_http: bool,
    /// `initializationTimeout`: for the handler until it responds to `GET /`. Thirty seconds if absent.
    pub initialization_timeout: Duration,
}

impl HostJson {
    /// Reads the bytes of a `host.json`, with the `AzureFunctionsJobHost__…` of `settings` on top.
    pub fn parse(bytes: &[u8], settings: &Settings) -> Result<Self, Error> {
        let mut document = document("host.json", bytes)?;
        overrides::apply(&mut document, settings);
        let root = Members::root("host.json", &document)?;
        if !root.has_exactly("version") || root.text("version")? != Some("2.0") {
            let problem = "is not \"2.0\", with the name in lower case; the host reads no other";
            return Err(root.error("version", problem));
        }
        let (route_prefix, custom_headers) = http(&root)?;
        Ok(Self {
            custom_handler: custom_handler(&root)?,
            function_timeout: function_timeout(&root)?,
            route_prefix,
            custom_headers,
            allowed_functions: root.texts("functions")?.unwrap_or_default(),
            log_levels: log_levels(&root)?,
            watches_files: root.flag("fileWatchingEnabled")?.unwrap_or(true),
        })
    }
}

fn custom_handler(root: &Members<'_>) -> Result<CustomHandler, Error> {
    let handler = root.object("customHandler")?.ok_or_else(|| {
        root.error(
            "customHandler",
            "is missing; without it the host expects another language",
        )
    })?;
    let description = handler
        .object("description")?
        .ok_or_else(|| handler.error("description", "is missing; name the executable there"))?;
    let executable = description
        .text("defaultExecutablePath")?
        .unwrap_or_default();
    if executable.trim().is_empty() {
        let problem = "is missing or empty; name the handler's executable";
        return Err(description.error("defaultExecutablePath", problem));
    }
    Ok(CustomHandler {
        executable: executable.to_owned(),
        arguments: arguments(&description)?,
        worker_directory: description.text("workerDirectory")?.map(str::to_owned),
        working_directory: description.text("workingDirectory")?.map(str::to_owned),
        stderr_is_for_errors: description
            .flag("useStdErrorStreamForErrorsOnly")?
            .unwrap_or(true),
        forwards_http: handler
            .flag("enableForwardingHttpRequest")?
            .unwrap_or(false),
        proxies_http: handler.flag("enableProxyingHttpRequest")?.unwrap_or(false),
        initialization_timeout: handler
            .duration("initializationTimeout")?
            .filter(|timeout| !timeout.is_zero())
            .unwrap_or(DEFAULT_INITIALIZATION_TIMEOUT),
    })
}

fn arguments(description: &Members<'_>) -> Result<Vec<String>, Error> {
    let mut all = argument_list(description, "arguments")?;
    if let Some(path) = description.text("defaultWorkerPath")? {
        all.push(format!("\"{path}\""));
    }
    all.extend(argument_list(description, "workerArguments")?);
    Ok(all)
}

/// An array of strings, or a string that holds such an array, as an app setting does.
fn argument_list(description: &Members<'_>, name: &str) -> Result<Vec<String>, Error> {
    match description.value(name) {
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|error| description.error(name, format!("is not an array: {error}"))),
        _ => Ok(description.texts(name)?.unwrap_or_default()),
    }
}

fn log_levels(root: &Members<'_>) -> Result<LogLevels, Error> {
    let Some(levels) = root
        .object("logging")?
        .map(|logging| logging.object("logLevel"))
        .transpose()?
        .flatten()
    else {
        return Ok(LogLevels::default());
    };
    let level = |(category, level): (String, String)| match LogLevel::parse(&level) {
        Some(level) => Ok((category, level)),
        None => Err(levels.error(&category, format!("is `{level}`, which is not a log level"))),
    };
    let levels: Result<Vec<_>, _> = levels.all_texts()?.into_iter().map(level).collect();
    Ok(LogLevels::new(levels?))
}

fn function_timeout(root: &Members<'_>) -> Result<Option<Duration>, Error> {
    match root.text("functionTimeout")? {
        None | Some("") => Ok(Some(DEFAULT_FUNCTION_TIMEOUT)),
        Some("-1") => Ok(None),
        Some(text) => match timespan::parse(text) {
            Some(timeout) if !timeout.is_zero() && timeout <= LONGEST_TIMEOUT => Ok(Some(timeout)),
            _ => {
                let problem = format!("is `{text}`; write `hh:mm:ss`, or `-1` for no limit");
                Err(root.error("functionTimeout", problem))
            }
        },
    }
}

fn http(root: &Members<'_>) -> Result<(String, Vec<(String, String)>), Error> {
    let http = match root.object("extensions")? {
        Some(extensions) => extensions.object("http")?,
        None => None,
    };
    let Some(http) = http else {
        return Ok((DEFAULT_ROUTE_PREFIX.to_owned(), Vec::new()));
    };
    let prefix = http
        .text("routePrefix")?
        .unwrap_or(DEFAULT_ROUTE_PREFIX)
        .trim_matches('/')
        .to_owned();
    let headers = match http.object("customHeaders")? {
        Some(headers) => headers.all_texts()?,
        None => Vec::new(),
    };
    Ok((prefix, headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<HostJson, String> {
        HostJson::parse(text.as_bytes(), &Settings::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_smallest_file_gets_the_defaults_of_the_host() {
        let host = parse(
            r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"h"}}}"#,
        )
        .expect("a good file");
        assert_eq!(host.function_timeout, Some(Duration::from_mins(5)));
        assert_eq!(
            host.custom_handler.initialization_timeout,
            Duration::from_secs(30)
        );
        assert_eq!(host.route_prefix, "api");
        assert!(host.custom_handler.stderr_is_for_errors);
        assert!(!host.custom_handler.proxies_http && !host.custom_handler.forwards_http);
    }

    #[test]
    fn the_prefix_is_api_unless_the_http_section_says_otherwise() {
        for (http, prefix) in [
            ("{}", "api"),
            (r#"{"http":{}}"#, "api"),
            (r#"{"http":{"routePrefix":"/v1/"}}"#, "v1"),
            (r#"{"http":{"routePrefix":""}}"#, ""),
        ] {
            let text = format!(
                r#"{{"version":"2.0","extensions":{http},"customHandler":{{"description":{{"defaultExecutablePath":"h"}}}}}}"#
            );
            assert_eq!(
                parse(&text).expect("a good file").route_prefix,
                prefix,
                "{http}"
            );
        }
    }

    #[test]
    fn every_member_is_read_and_unknown_ones_are_tolerated() {
        let host = parse(
            "\u{feff}{\"version\":\"2.0\",\"functionTimeout\":\"-1\",\"logging\":{},
              \"functions\":[\"A\"],
              \"extensions\":{\"http\":{\"routePrefix\":\"\",\"customHeaders\":{\"X-A\":\"b\"}}},
              \"customHandler\":{\"enableProxyingHttpRequest\":\"true\",
                \"initializationTimeout\":\"00:01:00\",
                \"description\":{\"defaultExecutablePath\":\"h\",\"arguments\":\"[\\\"a\\\"]\",
                  \"defaultWorkerPath\":\"b c\",\"workerArguments\":[\"d\"],
                  \"workingDirectory\":\"w\",\"useStdErrorStreamForErrorsOnly\":false}}}",
        )
        .expect("a good file");
        assert_eq!(host.function_timeout, None);
        assert_eq!(host.route_prefix, "");
        assert_eq!(host.custom_headers, [("X-A".to_owned(), "b".to_owned())]);
        assert_eq!(host.allowed_functions, ["A"]);
        let handler = host.custom_handler;
        assert!(handler.proxies_http && !handler.stderr_is_for_errors);
        assert_eq!(handler.initialization_timeout, Duration::from_mins(1));
        assert_eq!(handler.arguments, ["a", "\"b c\"", "d"]);
        assert_eq!(handler.working_directory.as_deref(), Some("w"));
    }

    #[test]
    fn an_error_names_the_member() {
        for (text, part) in [
            ("{", "host.json: the document is not JSON"),
            ("[]", "host.json: the document is not a JSON object"),
            ("{}", "host.json: version is not"),
            (
                r#"{"version":"2.0"}"#,
                "host.json: customHandler is missing",
            ),
            (
                r#"{"version":"2.0","customHandler":{}}"#,
                "customHandler.description is missing",
            ),
            (
                r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":" "}}}"#,
                "customHandler.description.defaultExecutablePath is missing or empty",
            ),
            (
                r#"{"version":"2.0","extensions":{"http":{"routePrefix":1}}}"#,
                "http.routePrefix",
            ),
        ] {
            let error = parse(text).expect_err("a bad file");
            assert!(error.contains(part), "{error}");
        }
        for timeout in ["0", "00:00:00", "five"] {
            let text = format!(
                r#"{{"version":"2.0","functionTimeout":"{timeout}","customHandler":{{"description":{{"defaultExecutablePath":"h"}}}}}}"#
            );
            assert!(
                parse(&text)
                    .expect_err("a bad length")
                    .contains("functionTimeout is")
            );
        }
    }
}
