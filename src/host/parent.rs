//! Notices the end of the Functions host.
//!
//! The host kills its handler in a graceful stop. If the host itself is killed, or exits because its storage is
//! lost, the handler would run for ever with its connections and locks. A pidfd refers to the host's process;
//! `PR_SET_PDEATHSIG` would refer to the thread that started this process.

use std::io;
use std::os::fd::OwnedFd;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::{PidfdFlags, getppid, pidfd_open};
use tokio::sync::oneshot;

/// Completes when the process that started this one has ended. If it cannot be watched, never completes.
pub async fn parent_ended() {
    match watch() {
        Ok(ended) => {
            // An error means that the watching thread has ended, which it does only with the process.
            let _ = ended.await;
            log::info!("the Functions host has ended");
        }
        Err(error) => {
            log::info!("cannot watch the Functions host, so its end is not noticed: {error}");
            std::future::pending::<()>().await;
        }
    }
}

/// Waits in a thread, which does not delay the end of this process.
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
        return Err(io::Error::other("its process is outside of this container"));
    };
    let process = pidfd_open(parent, PidfdFlags::empty())?;
    // Between the two calls, another process may have got the number.
    Ok((getppid() == Some(parent)).then_some(process))
}
