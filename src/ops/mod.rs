//! The operators' page, `GET /ops`: what the program knows about itself, as one HTML page.
//!
//! The page consists of panels. Each reads its data from one source, within a deadline of its own, and all read at
//! the same time. A panel whose source cannot be reached shows the reason in the place of its data, and the
//! others are not affected.
//!
//! The templates are in `templates/ops`. Everything that they print is escaped, except for the style and the
//! script of this module. The Content-Security-Policy allows these two by their hashes and nothing else, so a
//! name that contains markup stays text even if a template had a mistake.
//!
//! | module | purpose |
//! |---|---|
//! | `routes` | `/ops` over HTTP |
//! | `page` | the page: all panels |
//! | `now`, `runs` | panels |
//! | `panel` | the data of a panel within its deadline, or why there is none |
//! | `document` | an HTML response with its headers |
//! | `moment` | times on the page |

mod document;
mod moment;
mod now;
mod page;
mod panel;
mod routes;
mod runs;

pub use routes::{Ops, page};
