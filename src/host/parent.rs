//! The end of the Functions host, which leaves this process behind.
//!
//! The host kills its handler when it stops in order. When the host itself is killed, or gives up because
//! its storage is lost, the handler would go on for ever with its connections and locks. A pidfd
//! follows the process; `PR_SET_PDEATHSIG` would follow the thread that started this one.

use std::io;
use std::os::fd::OwnedFd;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::{PidfdFlags, getppid, pidfd_open};
use tokio::sync::oneshot;

/// Completes when the process that started this one has ended. Where it cannot be watched, never.
pub async fn parent_ended() {
    match watch() {
        Ok(ended) => {
            // An error says that the watching thread has gone, which it does at the end only.
            let _ = ended.await;
            log::info!("the Functions host has ended");
        }
        Err(error) => {
            log::info!("the Functions host cannot be watched, so its end is not noticed: {error}");
            std::future::pending::<()>().await;
        }
    }
}

/// A thread of its own waits: it holds nothing up when this process ends first.
fn watch() -> io::Result<oneshot::Receiver<()>> {
    let (sender, ended) = oneshot::channel();
    let parent = parent()?;
    thread::Builder::new()
        .name("parent watch".into())
        .spawn(move || {
            if let Some(parent) = parent {
                // A pidfd is readable when its process has ended.
                let mut parent = [PollFd::new(&parent, PollFlags::IN)];
                let waited = retry_on_intr(|| poll(&mut parent, None));
                waited.expect("an open pidfd can be polled without a limit");
            }
            let _ = sender.send(());
        })?;
    Ok(ended)
}

/// The process that started this one, or none if it has ended already.
fn parent() -> io::Result<Option<OwnedFd>> {
    let Some(parent) = getppid() else {
        return Err(io::Error::other("it is outside of this container"));
    };
    let process = pidfd_open(parent, PidfdFlags::empty())?;
    // Between the two calls the number may have become another process's.
    Ok((getppid() == Some(parent)).then_some(process))
}
