//! The way to a server with a [`Tap`] in it, for `tokio_postgres`.
//!
//! `tokio_postgres` lets its caller make the stream only where it asks for TLS. So a tapped connection
//! always asks, at once and before it sends anything to the server. The [`Link`] that it asks
//! negotiates as the address says, and may return a stream without TLS. Over a Unix socket there is no
//! TLS, and the caller gives the stream.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Poll, ready};

use deadpool_postgres::ClientWrapper;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{AsyncMessage, CancelToken, Config, Connection, Error, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::either::Either;

use super::closing;
use super::tap::{Outlet, Tap};

type Encryption = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
type Encrypted = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// A stream to the server over TCP, without or with TLS.
type Way = Either<Socket, Box<Encrypted>>;

/// Why there is no way.
pub(super) enum LinkError {
    /// No server listens at the Unix socket.
    Socket(io::Error),
    /// The server was not reached, or it rejected the connection.
    Server(Error),
}

impl From<Error> for LinkError {
    fn from(error: Error) -> Self {
        LinkError::Server(error)
    }
}

/// Connects as `config` says, with a tap whose rows go to `outlet`. `cancel` ends the statement that
/// runs when the client is dropped.
pub(super) async fn connect<C: Future<Output = ()> + Send + 'static>(
    config: &Config,
    tls: MakeRustlsConnect,
    outlet: &Outlet,
    cancel: impl FnOnce(CancelToken) -> C,
) -> Result<ClientWrapper, LinkError> {
    let mut config = config.clone();
    if let Some(socket) = unix_socket(&config) {
        let stream = UnixStream::connect(&socket).await;
        let tap = Tap::new(stream.map_err(LinkError::Socket)?, outlet.clone());
        config.ssl_mode(SslMode::Disable);
        let (client, connection) = config.connect_raw(tap, NoTls).await?;
        let cancel = cancel(client.cancel_token());
        return Ok(closing::drive(client, noted(connection, outlet), cancel));
    }
    let link = Link::new(&config, tls, outlet);
    config.ssl_mode(SslMode::Require);
    config.ssl_negotiation(SslNegotiation::Direct);
    let (client, connection) = config.connect(link).await?;
    let cancel = cancel(client.cancel_token());
    Ok(closing::drive(client, noted(connection, outlet), cancel))
}

/// A connection whose warnings about grants go to `outlet`.
fn noted<S, T>(
    mut connection: Connection<S, T>,
    outlet: &Outlet,
) -> impl Future<Output = Result<(), Error>> + use<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let outlet = outlet.clone();
    poll_fn(move |context| {
        while let Some(message) = ready!(connection.poll_message(context)?) {
            if let AsyncMessage::Notice(notice) = message {
                outlet.note(&notice);
            }
        }
        Poll::Ready(Ok(()))
    })
}

/// Asks the server to end the statement that runs on a connection that was made here.
pub(super) async fn cancel(
    config: &Config,
    tls: MakeRustlsConnect,
    token: CancelToken,
) -> Result<(), LinkError> {
    if let Some(socket) = unix_socket(config) {
        let stream = UnixStream::connect(&socket).await;
        let stream = stream.map_err(LinkError::Socket)?;
        return Ok(token.cancel_query_raw(stream, NoTls).await?);
    }
    let link = Link::new(config, tls, &Outlet::default());
    Ok(token.cancel_query(link).await?)
}

/// The socket's file, where the address is a folder of sockets and nothing else.
fn unix_socket(config: &Config) -> Option<PathBuf> {
    match (config.get_hosts(), config.get_hostaddrs()) {
        ([Host::Unix(folder)], []) => {
            let port = config.get_ports().first().unwrap_or(&5432);
            Some(folder.join(format!(".s.PGSQL.{port}")))
        }
        _ => None,
    }
}

/// The stream that `tokio_postgres` asks for where it wants TLS.
#[derive(Clone)]
struct Link {
    tls: MakeRustlsConnect,
    mode: SslMode,
    negotiation: SslNegotiation,
    outlet: Outlet,
}

impl Link {
    fn new(config: &Config, tls: MakeRustlsConnect, outlet: &Outlet) -> Link {
        Link {
            tls,
            mode: config.get_ssl_mode(),
            negotiation: config.get_ssl_negotiation(),
            outlet: outlet.clone(),
        }
    }

    /// Encrypts the stream as `sslmode` and `sslnegotiation` say. It reads no byte of the session itself.
    async fn negotiate(self, mut socket: Socket, encryption: Encryption) -> io::Result<Tap<Way>> {
        let encrypted = match (self.mode, self.negotiation) {
            (SslMode::Disable, _) => false,
            (SslMode::Prefer, SslNegotiation::Direct) => {
                return Err(io::Error::other(
                    "sslnegotiation=direct needs sslmode=require or stricter",
                ));
            }
            (_, SslNegotiation::Direct) => true,
            (mode, _) => {
                let offered = server_speaks_tls(&mut socket).await?;
                if !offered && mode != SslMode::Prefer {
                    return Err(io::Error::other("server does not support TLS"));
                }
                offered
            }
        };
        let way = if encrypted {
            Way::Right(Box::new(encryption.connect(socket).await?))
        } else {
            Way::Left(socket)
        };
        Ok(Tap::new(way, self.outlet))
    }
}

async fn server_speaks_tls(socket: &mut Socket) -> io::Result<bool> {
    socket.write_all(&SSL_REQUEST).await?;
    socket.flush().await?;
    Ok(socket.read_u8().await? == b'S')
}

/// Its length, and a number that no version of the protocol has (PostgreSQL's documentation,
/// "Message Formats", `SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

impl MakeTlsConnect<Socket> for Link {
    type Stream = Tap<Way>;
    type TlsConnect = LinkToHost;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<LinkToHost, Infallible> {
        let encryption = MakeTlsConnect::<Socket>::make_tls_connect(&mut self.tls, host)?;
        Ok(LinkToHost {
            link: self.clone(),
            encryption,
        })
    }
}

/// A [`Link`] to a host whose name its certificate has to have.
struct LinkToHost {
    link: Link,
    encryption: Encryption,
}

impl TlsConnect<Socket> for LinkToHost {
    type Stream = Tap<Way>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Tap<Way>>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(self.link.negotiate(socket, self.encryption))
    }
}

impl TlsStream for Tap<Way> {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.stream {
            Way::Left(_) => ChannelBinding::none(),
            Way::Right(encrypted) => encrypted.channel_binding(),
        }
    }
}
