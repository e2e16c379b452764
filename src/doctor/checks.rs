//! Errors of an app's files that stop the app or a function in the host.

use std::fmt;

use funcapp::{App, Fault, Function, Settings, Trigger};
use object::Endianness;
use object::elf::{DT_NEEDED, EM_X86_64, PT_INTERP};
use object::read::elf::{Dyn, ElfFile64, ProgramHeader};

use super::files::AppFile;
use crate::app::{HTTP_FUNCTIONS, timer_functions};

/// An error in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub file: String,
    /// The error and the remedy.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.text)
    }
}

fn finding(file: impl Into<String>, text: impl Into<String>) -> Finding {
    Finding {
        file: file.into(),
        text: text.into(),
    }
}

/// Maximum size of the binary, so that a cold start does not wait for its download.
const PROGRAM_LIMIT: usize = 14_000_000;

/// The settings that every deployment has.
const EXAMPLE_SETTINGS: &[u8] = include_bytes!("../../local.settings.example.json");

/// Returns all errors of the app.
pub fn examine(files: &[AppFile]) -> Vec<Finding> {
    let contents = files.iter().map(|file| (file.path.as_str(), &file.bytes));
    let settings = match Settings::parse(EXAMPLE_SETTINGS) {
        Ok(settings) => settings,
        Err(error) => return vec![finding("local.settings.example.json", error.to_string())],
    };
    let app = match App::from_files(contents, &settings) {
        Ok(app) => app,
        Err(error) => return vec![finding("app", error.to_string())],
    };
    let mut findings = program(&app, files);
    findings.extend(forwarding(&app));
    let faults = app.faults(&settings);
    findings.extend(functions(&app, &faults));
    findings.extend(faults.iter().map(faulty));
    findings
}

fn program(app: &App, files: &[AppFile]) -> Vec<Finding> {
    let name = &app.host.custom_handler.executable;
    let path = name.strip_prefix("./").unwrap_or(name);
    let Some(file) = files.iter().find(|file| file.path == path) else {
        let text = format!(
            "customHandler.description.defaultExecutablePath names {name}, which does not exist"
        );
        return vec![finding("host.json", text)];
    };
    let mut findings = Vec::new();
    if name.starts_with("./") {
        let text =
            "write defaultExecutablePath without ./: func sets the execute bit by the exact name";
        findings.push(finding("host.json", text));
    }
    if file.mode.is_none_or(|mode| mode & 0o111 != 0o111) {
        findings.push(finding(
            path,
            "not every user can execute it; give it mode 0755",
        ));
    }
    if file.bytes.len() >= PROGRAM_LIMIT {
        let text = format!(
            "it has {} bytes; keep it below {PROGRAM_LIMIT}",
            file.bytes.len()
        );
        findings.push(finding(path, text));
    }
    if let Err(text) = is_static_x86_64(&file.bytes) {
        findings.push(finding(path, text));
    }
    findings
}

/// Checks that the host proxies requests. If it forwards them, a request from outside for `/item/..%5Cscale`
/// arrives as `/scale`, without the headers that distinguish it from the host's own call of a timer.
fn forwarding(app: &App) -> Option<Finding> {
    let handler = &app.host.custom_handler;
    let text = if handler.forwards_http {
        "remove customHandler.enableForwardingHttpRequest: it lets outside requests run timers"
    } else if !handler.proxies_http {
        "set customHandler.enableProxyingHttpRequest: without it, HTTP requests arrive as envelopes"
    } else {
        return None;
    };
    Some(finding("host.json", text))
}

/// The program must include a C library, because that of the host's image is unknown.
fn is_static_x86_64(bytes: &[u8]) -> Result<(), String> {
    let build = "build it with `cargo xtask package`";
    let elf = ElfFile64::<Endianness>::parse(bytes)
        .map_err(|error| format!("it is not a 64-bit ELF program ({error}); {build}"))?;
    let endian = elf.endian();
    if elf.elf_header().e_machine.get(endian) != EM_X86_64 {
        return Err(format!("it is not for x86-64, which Azure runs; {build}"));
    }
    for header in elf.elf_program_headers() {
        let entries = header.dynamic(endian, bytes);
        let entries = entries.map_err(|error| format!("it is damaged ({error}); {build}"))?;
        let mut entries = entries.unwrap_or_default().iter();
        if header.p_type(endian) == PT_INTERP || entries.any(|it| it.tag(endian) == DT_NEEDED) {
            return Err(format!(
                "it is not static: it needs shared libraries; {build}"
            ));
        }
    }
    Ok(())
}

/// Checks that every folder has a function in this program, and every function a folder.
fn functions(app: &App, faults: &[Fault]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = app.functions.iter().filter_map(unmatched).collect();
    findings.extend(app.functions.iter().filter_map(hyphenated));
    let expected = HTTP_FUNCTIONS.iter().map(|(name, _)| *name);
    for name in expected.chain(timer_functions()) {
        let is_faulty = faults.iter().any(|fault| fault.function == name);
        if app.function(name).is_none() && !is_faulty {
            let text =
                "the app has no folder for this function of the program; add it under functions/";
            findings.push(finding(format!("{name}/function.json"), text));
        }
    }
    findings
}

fn unmatched(function: &Function) -> Option<Finding> {
    let name = function.name.as_str();
    let file = format!("{name}/function.json");
    match &function.trigger {
        Trigger::Http(http) => {
            let route = http.route.as_str();
            let known = HTTP_FUNCTIONS.iter().find(|(known, _)| *known == name);
            match known {
                Some((_, expected)) if *expected == route => None,
                Some((_, expected)) => Some(finding(
                    file,
                    format!(
                        "its route is {route}, but the program serves {expected}; make them equal"
                    ),
                )),
                None => Some(finding(
                    file,
                    "the program has no such HTTP function; remove the folder or add the route",
                )),
            }
        }
        Trigger::Timer(_) if timer_functions().any(|known| known == name) => None,
        Trigger::Timer(_) => Some(finding(
            file,
            "the program has no such timer; remove the folder or add the timer",
        )),
    }
}

/// On Linux, the name of an app setting has only letters, digits and underscores, and only an app setting can
/// disable a function (Azure-Functions#2132).
fn hyphenated(function: &Function) -> Option<Finding> {
    let name = function.name.as_str();
    name.contains('-').then(|| {
        let text = format!(
            "the name has a hyphen, so no app setting can disable the function on Linux in Azure; rename the \
             folder to {}",
            name.replace('-', "_")
        );
        finding(format!("{name}/function.json"), text)
    })
}

/// A function that the host does not run. Schedules are checked with the example's settings, which every
/// deployment has too.
fn faulty(fault: &Fault) -> Finding {
    let text = format!("the host does not run this function: {}", fault.error);
    finding(format!("{}/function.json", fault.function), text)
}
