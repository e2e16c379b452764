//! Which addresses a server may be at, and which of their errors names the cause.

use std::net::SocketAddr;

use tokio_postgres::config::{Host, LoadBalanceHosts};
use tokio_postgres::{Config, Error};

use super::link::LinkError;

/// Tries the addresses one after the other, as libpq does: after an address that does not
/// respond comes the next one, and a server's rejection ends the search. `tokio_postgres` goes on after a
/// rejection too, and returns the last error, which hides the cause.
pub(super) async fn first_to_respond<C, F>(
    config: Config,
    mut connect: impl FnMut(Config) -> F,
) -> Result<C, LinkError>
where
    F: Future<Output = Result<C, LinkError>>,
{
    let mut most_telling = None;
    for config in each(config).await {
        match connect(config).await {
            Err(LinkError::Server(error)) if error.code().is_none() => {
                if most_telling.as_ref().is_none_or(is_unreachable) {
                    most_telling = Some(error);
                }
            }
            result => return result,
        }
    }
    let error = most_telling.expect("there is one address at least");
    Err(LinkError::Server(error))
}

/// Whether the server was not reached. Only the text shows the kind of an error that does not come from
/// the server.
fn is_unreachable(error: &Error) -> bool {
    error.to_string().starts_with("error connecting to server")
}

/// The configuration with each address of each host. `tokio_postgres` itself chooses among hosts
/// where it is to balance the load.
async fn each(config: Config) -> Vec<Config> {
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        return vec![config];
    }
    let count = config.get_hosts().len().max(config.get_hostaddrs().len());
    let mut each = Vec::new();
    for number in 0..count {
        each.extend(addresses(of_one_host(&config, number)).await);
    }
    each
}

async fn addresses(config: Config) -> Vec<Config> {
    let ([Host::Tcp(name)], []) = (config.get_hosts(), config.get_hostaddrs()) else {
        return vec![config];
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    // Where the name is not found, `tokio_postgres` does not find it either, and reports that.
    let found = tokio::net::lookup_host((name.as_str(), port)).await;
    let found: Vec<SocketAddr> = found.map(Iterator::collect).unwrap_or_default();
    if found.is_empty() {
        return vec![config];
    }
    let with_address = |address: &SocketAddr| {
        let mut config = config.clone();
        config.hostaddr(address.ip());
        config
    };
    found.iter().map(with_address).collect()
}

/// The same configuration for one of its hosts. A configuration has no way to leave one out.
fn of_one_host(config: &Config, number: usize) -> Config {
    let mut one = without_hosts(config);
    match config.get_hosts().get(number) {
        Some(Host::Tcp(name)) => _ = one.host(name),
        Some(Host::Unix(folder)) => _ = one.host_path(folder),
        None => {}
    }
    if let Some(address) = config.get_hostaddrs().get(number) {
        one.hostaddr(*address);
    }
    let ports = config.get_ports();
    if let Some(port) = ports.get(number).or(ports.first()) {
        one.port(*port);
    }
    one
}

fn without_hosts(config: &Config) -> Config {
    let mut one = Config::new();
    one.ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding());
    if let Some(user) = config.get_user() {
        one.user(user);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(database) = config.get_dbname() {
        one.dbname(database);
    }
    if let Some(options) = config.get_options() {
        one.options(options);
    }
    if let Some(name) = config.get_application_name() {
        one.application_name(name);
    }
    if let Some(timeout) = config.get_connect_timeout() {
        one.connect_timeout(*timeout);
    }
    if let Some(timeout) = config.get_tcp_user_timeout() {
        one.tcp_user_timeout(*timeout);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_other_hosts_stays() {
        let rest = "user=u password=p dbname=d options=-csearch_path=x application_name=a \
                    sslmode=require sslnegotiation=direct connect_timeout=3 tcp_user_timeout=4 \
                    keepalives=0 keepalives_idle=5 keepalives_interval=6 keepalives_retries=7 \
                    target_session_attrs=read-write channel_binding=require";
        let parse = |hosts: &str| -> Config {
            let text = format!("{hosts} {rest}");
            text.parse().expect("it is an address")
        };
        let several = parse("host=a,/run/b hostaddr=127.0.0.1,127.0.0.2 port=1,2");
        let first = parse("host=a hostaddr=127.0.0.1 port=1");
        let second = parse("host=/run/b hostaddr=127.0.0.2 port=2");
        assert_eq!(of_one_host(&several, 0), first);
        assert_eq!(of_one_host(&several, 1), second);
        let one_port = parse("host=a,b port=9");
        assert_eq!(of_one_host(&one_port, 1), parse("host=b port=9"));
    }
}
