//! Serving: a Functions host, or a person.

use tokio::net::TcpListener;

use crate::app::{App, timer_functions};
use crate::config::Config;
use crate::database::{Database, Settings};
use crate::exit::{Exit, Failure};
use crate::host::{self, Timetable};
use crate::local;
use crate::server::{self, Front};
use crate::terminal::say;
use crate::version;

/// Serves a Functions host until a signal.
pub(super) async fn serve(port: u16, config: Config) -> Result<(), Failure> {
    config.backup.require_addresses()?;
    let settings = config.require_database()?;
    let signal = server::stop_signal()?;
    let listener = bind(port).await?;
    log::info!(
        version = version::VERSION, commit = version::COMMIT;
        "serving on http://{}, database {}", listener.local_addr()?, settings.address.display()
    );
    let parent_ended = async {
        match config.handler_port {
            Some(_) => host::parent_ended().await,
            None => std::future::pending().await,
        }
    };
    let stop = async {
        tokio::select! {
            () = signal => {}
            () = parent_ended => {}
        }
    };
    run(listener, &config, settings, Front::FunctionsHost, stop).await;
    Ok(())
}

/// Serves a person until a signal, with the private database if no setting names another.
pub(super) async fn serve_locally(port: u16, config: Config) -> Result<(), Failure> {
    config.backup.require_addresses()?;
    let stop = server::stop_signal()?;
    let listener = bind(port).await?;
    let private = match config.database {
        Some(_) => None,
        None => Some(local::start().await?),
    };
    let own = private.as_ref().map(|private| private.settings.clone());
    let settings = own.map_or_else(|| config.require_database(), Ok)?;
    let url = format!("http://{}", listener.local_addr()?);
    say(format_args!(
        "magnusapi {} serves on {url}",
        version::VERSION
    ));
    match &private {
        Some(private) => say(format_args!("  data: {}", private.description())),
        None => say(format_args!("  database: {}", settings.address.display())),
    }
    say(format_args!("  try: curl {url}/item"));
    say(format_args!("  page: {url}/ops"));
    say("  timers need a Functions host: cargo xtask start");
    run(listener, &config, settings, Front::Nothing, stop).await;
    Ok(())
}

/// Serves all features, with the timetable of the app's folder.
async fn run(
    listener: TcpListener,
    config: &Config,
    database: Settings,
    front: Front,
    stop: impl Future<Output = ()>,
) {
    let timetable = config.app_folder.as_deref().map(|folder| {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let elsewhere = config.timers_elsewhere.clone();
        Timetable::read(folder, timer_functions(), elsewhere, environment)
    });
    let app = app(config, database, timetable);
    app.notifier.run_in_background(app.stop.clone());
    server::run(listener, app, config.server, front, stop).await;
}

/// All features on this database, whose schema is brought to this program's version in the background.
pub(super) fn app(config: &Config, database: Settings, timetable: Option<Timetable>) -> App {
    let app = App::new(
        Database::open(database),
        config.backup.clone(),
        config.scale.clone(),
        config.notify.clone(),
        config.deadline,
        config.instance.clone(),
        timetable,
    );
    app.database.prepare_in_background();
    app
}

async fn bind(port: u16) -> Result<TcpListener, Failure> {
    server::bind(port).await.map_err(|error| {
        let text = format!(
            "cannot listen on 127.0.0.1:{port} ({error}); stop the program that uses the port, or choose another \
             port with --port"
        );
        Failure::new(Exit::Failed, text)
    })
}
