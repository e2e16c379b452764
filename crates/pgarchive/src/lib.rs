//! PostgreSQL's own directory archive as bytes: `toc.dat` and one file for each table. A manifest has a digest
//! of each file and a checksum of each table's rows.
//!
//! A table's file is COPY text with its end mark, in members of 256 KiB of text each, encrypted as a whole
//! where a backup has recipients. The members are of gzip (RFC 1952, 2.2) or frames of zstd (RFC 8878, 3.1). The
//! crate does not know where the bytes come from or go to. [`Cutter`], [`Sealer`] and [`Unpacker`] block: call them
//! on threads that may block.
//!
//! | module | purpose |
//! |---|---|
//! | `decode`, `encode` | the table of contents: read, written |
//! | `kind`, `toc` | the table of contents as values |
//! | `pack` | rows into a stored file |
//! | `unpack`, `stored` | a stored file back into rows, with every claim about it checked |
//! | `frames` | the messages that the server sends for a COPY |
//! | `buffers` | a pool of buffers |
//! | `compression` | the algorithms that compress members |
//! | `damage` | the damages that a stored file can have |
//! | [`encryption`] | age: the recipients of a backup, and the identities that open it |
//! | [`manifest`] | the description of a backup: its files, tables and findings |
//! | `backup_id` | the name of a backup |
//! | [`row_sum`] | a checksum of rows in any order |
//! | [`digest`] | length and SHA-256 of a file |

mod backup_id;
mod buffers;
mod compression;
mod damage;
mod decode;
pub mod digest;
mod encode;
pub mod encryption;
mod frames;
mod kind;
pub mod manifest;
mod pack;
pub mod row_sum;
mod stored;
mod toc;
mod unpack;

pub use backup_id::{BackupId, BackupIdError};
pub use buffers::BufferPool;
pub use compression::{Algorithm, Compression, CompressionError};
pub use damage::{Difference, UnpackError};
pub use decode::TocError;
pub use frames::{FrameError, Frames};
pub use kind::Kind;
pub use pack::{Compressed, Content, Cutter, End, Member, Packed, Sealer, pack_small};
pub use toc::{Entry, Section, Toc};
pub use unpack::{Unpacker, unpack_small};

/// The end mark of the text of a table, as `pg_dump` writes it.
const END: &[u8] = b"\\.\n\n\n";
