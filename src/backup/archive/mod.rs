//! PostgreSQL's own directory archive, version 1.13, as bytes: `toc.dat` and one file a table.
//!
//! A table's file is COPY text with its end mark, in gzip members (RFC 1952, 2.2) of 256 KiB of text
//! each, encrypted as a whole where a backup has recipients. Nothing here knows where the bytes
//! come from or go to: [`Cutter`], [`Sealer`] and [`Unpacker`] block, and belong on threads that may.
//!
//! | room | purpose |
//! |---|---|
//! | `toc`, `encode`, `decode` | the table of contents |
//! | `frames` | what the server sends for a COPY, taken apart |
//! | `pack` | rows into a stored file |
//! | `room` | the memory that this takes, used again and again |
//! | `stored`, `unpack` | a stored file back into rows, each claim about it checked |
//! | `damage` | what can be wrong with a stored file |

mod damage;
mod decode;
mod encode;
mod frames;
mod pack;
mod room;
mod stored;
mod toc;
mod unpack;

pub use damage::{Difference, UnpackError};
pub use decode::TocError;
pub use frames::{FrameError, Frames};
pub use pack::{Compressed, Content, Cutter, Member, Packed, Sealer, pack_small};
pub use room::Rooms;
pub use toc::{Entry, Section, Toc};
pub use unpack::{Unpacker, unpack_small};

/// What ends the text of a table's file, as `pg_dump` writes it.
const END: &[u8] = b"\\.\n\n\n";

/// How hard is text compressed? The lowest level that does: `CompressionLvl::fastest` is 0, which
/// only stores.
const LEVEL: i32 = 1;
