//! The host's time limit for an invocation.

use std::path::{Path, PathBuf};
use std::time::Duration;

use funcapp::{HostJson, Settings};

/// The time after which long work ends by itself: nine tenths of `functionTimeout`. The host measures that time
/// to the last byte of a response, and two seconds later kills this process with all its requests.
///
/// `functionTimeout` is in the `host.json` of the app's folder, whose path the host sets in
/// `FUNCTIONS_APP_ROOT_PATH`; a container without that variable has `AzureWebJobsScriptRoot`. An app setting may
/// override it.
pub fn deadline(variable: impl Fn(&str) -> Option<String>) -> Duration {
    let root = ["FUNCTIONS_APP_ROOT_PATH", "AzureWebJobsScriptRoot"]
        .into_iter()
        .find_map(&variable);
    let timeout = match root {
        Some(root) => function_timeout(&PathBuf::from(root), variable(OVERRIDE)),
        None => None,
    };
    timeout.unwrap_or(WITHOUT_LIMIT) / 10 * 9
}

/// Used without a host, or if the host has no limit: the value of the shipped `host.json`.
const WITHOUT_LIMIT: Duration = Duration::from_mins(10);

/// Used if `host.json` cannot be read: the shortest default of a hosting plan.
const SHORTEST: Duration = Duration::from_mins(5);

/// The app setting that overrides the member (Microsoft's documentation, "Override host.json values").
const OVERRIDE: &str = "AzureFunctionsJobHost__functionTimeout";

fn function_timeout(root: &Path, overridden: Option<String>) -> Option<Duration> {
    let settings = Settings::default().overlaid(overridden.map(|value| (OVERRIDE, value)));
    let file = std::fs::read(root.join("host.json")).ok();
    let host_json = file.and_then(|bytes| HostJson::parse(&bytes, &settings).ok());
    host_json.map_or(Some(SHORTEST), |it| it.function_timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline_of(host_json: Option<&str>) -> Duration {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(text) = host_json {
            std::fs::write(folder.path().join("host.json"), text).expect("it is written");
        }
        let root = folder.path().display().to_string();
        deadline(|name| (name == "FUNCTIONS_APP_ROOT_PATH").then(|| root.clone()))
    }

    #[test]
    fn the_deadline_comes_from_host_json() {
        let timeout = |timeout: &str| {
            let text = format!(
                r#"{{"version":"2.0","functionTimeout":"{timeout}",
                     "customHandler":{{"description":{{"defaultExecutablePath":"h"}}}}}}"#
            );
            deadline_of(Some(&text))
        };
        assert_eq!(timeout("00:20:00"), Duration::from_mins(18));
        assert_eq!(timeout("-1"), Duration::from_mins(9));
        assert_eq!(deadline_of(None), Duration::from_secs(270));
        assert_eq!(deadline_of(Some("{")), Duration::from_secs(270));
        assert_eq!(deadline(|_| None), Duration::from_mins(9));
    }

    #[test]
    fn the_shipped_host_json_gives_nine_minutes() {
        let shipped = deadline_of(Some(include_str!("../../host.json")));
        assert_eq!(shipped, Duration::from_mins(9));
    }
}
