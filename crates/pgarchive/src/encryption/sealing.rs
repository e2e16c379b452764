//! The encryption of one file while it is written.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::StreamWriter;

use super::recipients::Recipients;

/// Encrypts a file for its recipients, or passes it on if there are none.
pub(crate) enum Sealing {
    Plain,
    Encrypted {
        writer: Box<StreamWriter<Outlet>>,
        /// The output of the writer.
        outlet: Outlet,
    },
}

impl Sealing {
    pub(crate) fn to(recipients: &Recipients) -> Sealing {
        if recipients.is_empty() {
            return Sealing::Plain;
        }
        let outlet = Outlet::default();
        let keys = recipients.0.iter().map(|key| key as &dyn age::Recipient);
        let writer = age::Encryptor::with_recipients(keys)
            .expect("X25519 keys, of which there is one, can always be encrypted to")
            .wrap_output(outlet.clone())
            .expect(MEMORY);
        Sealing::Encrypted {
            writer: Box::new(writer),
            outlet,
        }
    }

    /// Appends the bytes that are ready to be stored to `out`.
    pub(crate) fn write(&mut self, content: &[u8], out: &mut Vec<u8>) {
        match self {
            Sealing::Plain => out.extend_from_slice(content),
            Sealing::Encrypted { writer, outlet } => {
                writer.write_all(content).expect(MEMORY);
                outlet.drain(out);
            }
        }
    }

    /// Appends the end of the file to `out`.
    pub(crate) fn finish(self, out: &mut Vec<u8>) {
        if let Sealing::Encrypted { writer, outlet } = self {
            writer.finish().expect(MEMORY);
            outlet.drain(out);
        }
    }
}

const MEMORY: &str = "an outlet is memory, which takes every write";

/// Encrypted bytes that are not fetched yet. The writer of age gives no access to its output until it
/// ends, so both sides share it.
#[derive(Clone, Default)]
pub(crate) struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn drain(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
