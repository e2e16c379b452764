//! One file being encrypted as it is written.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::StreamWriter;

use super::recipients::Recipients;

/// One file on its way to the store: encrypted as it is written, or as it is.
pub(crate) enum Sealing {
    /// For nobody in particular.
    Plain,
    /// For recipients.
    Encrypted {
        /// Takes what is to be encrypted.
        writer: Box<StreamWriter<Outlet>>,
        /// Where that writer leaves what is encrypted.
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

    /// Appends to `out` what is ready to be stored.
    pub(crate) fn write(&mut self, content: &[u8], out: &mut Vec<u8>) {
        match self {
            Sealing::Plain => out.extend_from_slice(content),
            Sealing::Encrypted { writer, outlet } => {
                writer.write_all(content).expect(MEMORY);
                outlet.drain(out);
            }
        }
    }

    /// Appends to `out` what ends the file.
    pub(crate) fn finish(self, out: &mut Vec<u8>) {
        if let Sealing::Encrypted { writer, outlet } = self {
            writer.finish().expect(MEMORY);
            outlet.drain(out);
        }
    }
}

const MEMORY: &str = "an outlet is memory, which takes every write";

/// Bytes that age's writer has left and nobody has fetched. That writer gives no access to where
/// it writes until it ends, so this is held from both sides.
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
