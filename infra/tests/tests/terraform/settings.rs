//! The function app's settings in Azure are those that the program reads.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use infra_tests::checkout;
use serde_json::Value;

use crate::plan::Plan;

/// In `local.settings.example.json`, and not set in Azure.
const LOCAL: [(&str, &str); 8] = [
    (
        "AzureWebJobsStorage",
        "reached by identity: AzureWebJobsStorage__accountName and its like",
    ),
    ("BACKUP_DATABASE_AUTH_POSTFACTO", NO_ENTRA),
    ("BACKUP_STORAGE_ENDPOINT", ELSEWHERE),
    ("BACKUP_STORAGE_KEY", ELSEWHERE),
    (
        "FUNCTIONS_WORKER_RUNTIME",
        "the platform knows it from the app's configuration",
    ),
    ("SCALE_STORAGE_ENDPOINT", ELSEWHERE),
    ("SCALE_STORAGE_KEY", ELSEWHERE),
    ("SCALE_STORAGE_WAIT", DEFAULT),
];

/// In `docs/settings.md`, and not set in Azure.
const NOT_SET: [(&str, &str); 46] = [
    ("AWS_ACCESS_KEY_ID", OF_S3),
    ("AWS_ENDPOINT_URL", OF_S3),
    ("AWS_REGION", OF_S3),
    ("AWS_SECRET_ACCESS_KEY", OF_S3),
    ("AWS_SESSION_TOKEN", OF_S3),
    ("BACKUP_DATABASE_AUTH_<NAME>", NO_ENTRA),
    ("BACKUP_COPY_STORAGE_ENDPOINT", ELSEWHERE),
    ("BACKUP_COPY_STORAGE_KEY", ELSEWHERE),
    ("BACKUP_COPY_STORAGE_WAIT", DEFAULT),
    ("BACKUP_STORAGE_ENDPOINT", ELSEWHERE),
    ("BACKUP_STORAGE_KEY", ELSEWHERE),
    ("CONTAINER_NAME", PLATFORM),
    ("DATABASE_CONNECT_TIMEOUT", DEFAULT),
    ("DATABASE_POOL_SIZE", DEFAULT),
    ("DATABASE_PREPARED_STATEMENTS", DEFAULT),
    ("DATABASE_STATEMENT_TIMEOUT", DEFAULT),
    ("DATABASE_WAIT", DEFAULT),
    ("FUNCTIONS_APP_ROOT_PATH", "the host sets it"),
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "the host sets it"),
    ("HTTP_BODY_TIMEOUT", DEFAULT),
    ("HTTP_CONNECTIONS", DEFAULT),
    ("HTTP_HEADER_TIMEOUT", DEFAULT),
    ("HTTP_IDLE_TIMEOUT", DEFAULT),
    ("LOG_FORMAT", DEFAULT),
    ("LOG_REQUESTS", DEFAULT),
    ("MAGNUSAPI_DATA", "there is no private database in Azure"),
    ("NOTIFY_FORMAT", NAMED),
    ("NOTIFY_SECRET", NAMED),
    ("NOTIFY_URL", NAMED),
    ("PGAPPNAME", URL),
    ("PGDATABASE", URL),
    ("PGHOST", URL),
    ("PGPASSWORD", URL),
    ("PGPORT", URL),
    ("PGSSLMODE", URL),
    ("PGSSLROOTCERT", URL),
    ("PGUSER", URL),
    ("RESTORE_DATABASE_URL", "for a person at a shell"),
    ("RUNTIME_THREADS", DEFAULT),
    ("SCALE_STORAGE_ENDPOINT", ELSEWHERE),
    ("SCALE_STORAGE_KEY", ELSEWHERE),
    ("SCALE_STORAGE_WAIT", DEFAULT),
    ("WEBSITE_HOSTNAME", PLATFORM),
    ("WEBSITE_INSTANCE_ID", PLATFORM),
    ("WEBSITE_POD_NAME", PLATFORM),
    ("WEBSITE_SITE_NAME", PLATFORM),
];

const DEFAULT: &str = "the default is right; the variable `settings` of the module is for the rest";
const ELSEWHERE: &str = "for the emulator and other clouds";
const NAMED: &str = "NOTIFY_RECEIVERS names each receiver";
const NO_ENTRA: &str = "the cluster's databases know no Entra";
const OF_S3: &str = "for copies in S3; the variable `settings` of the module is for them";
const PLATFORM: &str = "the platform sets it";
const URL: &str = "DATABASE_URL says it";

/// Set in Azure, and read by the Functions host instead of the program.
const OF_THE_HOST: [&str; 2] = ["APPLICATIONINSIGHTS_", "AzureWebJobsStorage__"];

/// Settings with a name of the operator's in their own name, by their example in tests.
const PATTERNS: [(&str, &str); 5] = [
    (
        "BACKUP_DATABASE_URL_POSTFACTO",
        "BACKUP_DATABASE_URL_<NAME>",
    ),
    ("HEARTBEAT_URL_SCALE", "HEARTBEAT_URL_<FUNCTION>"),
    ("NOTIFY_FORMAT_NAME", "NOTIFY_FORMAT_<NAME>"),
    ("NOTIFY_SECRET_NAME", "NOTIFY_SECRET_<NAME>"),
    ("NOTIFY_URL_NAME", "NOTIFY_URL_<NAME>"),
];

#[test]
fn local_settings_are_set_in_azure_too() {
    let text = read("local.settings.example.json");
    let example: Value = serde_json::from_str(&text).expect("it is JSON");
    let names = example["Values"].as_object().expect("it has Values").keys();
    let wanted = names.filter(|name| LOCAL.iter().all(|(local, _)| local != name));
    let set = set_in_azure();
    let missing: Vec<_> = wanted.filter(|name| !set.contains(*name)).collect();
    assert!(
        missing.is_empty(),
        "{missing:?} of local.settings.example.json are not set in Azure: set them in \
         infra/terraform/modules/function-app/locals.settings.tf, or add the reason here"
    );
}

#[test]
fn settings_in_azure_are_documented() {
    let documented = documented();
    let ours = set_in_azure().into_iter();
    let ours = ours.filter(|name| !OF_THE_HOST.iter().any(|prefix| name.starts_with(prefix)));
    let unknown: Vec<_> = ours
        .map(|name| {
            let pattern = PATTERNS.iter().find(|(example, _)| *example == name);
            pattern.map_or(name, |(_, pattern)| (*pattern).to_owned())
        })
        .filter(|name| !documented.contains(name))
        .collect();
    assert!(
        unknown.is_empty(),
        "{unknown:?} are set in Azure and are not in docs/settings.md: they are misspelt, or the \
         program does not read them"
    );
}

#[test]
fn documented_settings_are_set_in_azure_or_have_a_reason() {
    let set = set_in_azure();
    let missing: Vec<_> = documented()
        .into_iter()
        .filter(|name| {
            let pattern = PATTERNS.iter().find(|(_, pattern)| pattern == name);
            let as_set = pattern.map_or(name.as_str(), |(example, _)| example);
            !set.contains(as_set) && NOT_SET.iter().all(|(not_set, _)| not_set != name)
        })
        .collect();
    assert!(
        missing.is_empty(),
        "{missing:?} of docs/settings.md are not set in Azure: set them in \
         infra/terraform/modules/function-app/locals.settings.tf, or add the reason here"
    );
}

/// The names of all settings that the module can set.
fn set_in_azure() -> BTreeSet<String> {
    const RUN: &str = "everything_that_can_be_set_is_set";
    static PLAN: LazyLock<Plan> =
        LazyLock::new(|| Plan::of("modules/function-app", "settings", RUN));
    let settings = PLAN.output("settings").as_object();
    settings
        .expect("the module has the output settings")
        .keys()
        .cloned()
        .collect()
}

/// The names in the first column of the tables; values of settings are in lower case.
fn documented() -> BTreeSet<String> {
    let text = read("docs/settings.md");
    let cells = text.lines().filter_map(|line| {
        let row = line.strip_prefix("| ")?;
        row.split(" |").next()
    });
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(str::to_owned)
        .collect()
}

fn read(file: &str) -> String {
    let path = checkout().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}

/// A timer that Terraform does not know has no always-ready instance.
#[test]
fn every_timer_function_is_always_ready() {
    let functions = fs::read_dir(checkout().join("functions")).expect("functions can be read");
    let is_timer = |folder: &Path| {
        let function = fs::read_to_string(folder.join("function.json"));
        function.is_ok_and(|text| text.contains("timerTrigger"))
    };
    let folders = functions.map(|entry| entry.expect("a function can be read").path());
    let timers = folders.filter(|folder| is_timer(folder));
    let timers = timers.filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned()));
    let module = checkout().join("infra/terraform/modules/function-app/variables.tf");
    let text = fs::read_to_string(module).expect("the module can be read");
    let (_, variable) = text
        .split_once("variable \"always_ready_timers\"")
        .expect("it is declared");
    let (_, list) = variable
        .split_once("default     = [")
        .expect("it has a list");
    let (list, _) = list.split_once(']').expect("a list ends");
    let known = list.split('"').skip(1).step_by(2).map(str::to_owned);
    assert_eq!(known.collect::<BTreeSet<_>>(), timers.collect());
}
