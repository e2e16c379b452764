//! The `Host` section of local.settings.json: the port of `func start`, and the origins whose pages may read its
//! responses.
//!
//! Source: Azure/azure-functions-core-tools, `HostStartSettings` and `Startup` of `StartHostAction`.

use std::path::Path;

use crate::{
    error::Error,
    members::{Members, document},
    settings::{FILE, read_file},
};

/// The `Host` section of a local.settings.json; empty without one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalHost {
    pub port: Option<u16>,
    /// `CORS`: the origins, which commas separate; `*` means all of them.
    pub cors: Vec<String>,
    /// `CORSCredentials`: whether pages of these origins may send cookies.
    pub cors_credentials: bool,
}

impl LocalHost {
    /// Reads the file in `folder`.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let Some(bytes) = read_file(folder)? else {
            return Ok(Self::default());
        };
        let document = document(FILE, &bytes)?;
        match Members::root(FILE, &document)?.object("Host")? {
            Some(host) => read(&host),
            None => Ok(Self::default()),
        }
    }
}

fn read(host: &Members<'_>) -> Result<LocalHost, Error> {
    let port = host
        .integer("LocalHttpPort")?
        .map(u16::try_from)
        .transpose()
        .map_err(|_| host.error("LocalHttpPort", "is not a port; write 1 to 65535"))?;
    let origins = host.text("CORS")?.unwrap_or_default().split(',');
    let cors: Vec<String> = origins
        .map(|origin| origin.trim().trim_end_matches('/').to_owned())
        .filter(|origin| !origin.is_empty())
        .collect();
    let cors_credentials = host.flag("CORSCredentials")?.unwrap_or(false);
    if cors_credentials && cors.iter().any(|origin| origin == "*") {
        let problem = "is true beside `*` in CORS, which browsers reject; name the origins";
        return Err(host.error("CORSCredentials", problem));
    }
    Ok(LocalHost {
        port,
        cors,
        cors_credentials,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(file: &str) -> Result<LocalHost, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join(FILE), file).expect("a new file");
        LocalHost::read(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_member_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let absent = LocalHost::read(folder.path()).expect("no file is needed");
        assert_eq!(absent, LocalHost::default());
        assert_eq!(of(r#"{"Values":{}}"#), Ok(LocalHost::default()));
        let host = of(r#"{"Host":{"LocalHttpPort":7072,
            "CORS":"http://localhost:3000/, https://a.example","CORSCredentials":true}}"#);
        let expected = LocalHost {
            port: Some(7072),
            cors: vec![
                "http://localhost:3000".to_owned(),
                "https://a.example".to_owned(),
            ],
            cors_credentials: true,
        };
        assert_eq!(host, Ok(expected));
    }

    #[test]
    fn an_error_names_the_member() {
        for (host, part) in [
            (
                r#"{"LocalHttpPort":70720}"#,
                "local.settings.json: Host.LocalHttpPort is not a port",
            ),
            (
                r#"{"CORS":"*","CORSCredentials":true}"#,
                "Host.CORSCredentials is true beside `*`",
            ),
        ] {
            let error = of(&format!(r#"{{"Host":{host}}}"#)).expect_err("a mistake");
            assert!(error.contains(part), "{error}");
        }
    }
}
