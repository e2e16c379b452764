//! The operators' page, `/ops`: what the program knows about itself, as one HTML page, and the actions on it.
//!
//! The page consists of panels. Each reads its data from one source, within a deadline of its own, and all read at
//! the same time. A panel whose source cannot be reached shows the reason in the place of its data, and the
//! others are not affected.
//!
//! The templates are in `templates/ops`. Everything that they print is escaped, except for the style and the
//! script of this module. The Content-Security-Policy allows these two by their hashes and nothing else, so a
//! name that contains markup stays text even if a template had a mistake.
//!
//! # Actions
//!
//! An action takes two forms. The first has the address of the page, so it is sent with the key of the page and
//! the page need not repeat that key. Its response is a confirmation, which names the effect and changes nothing.
//! The confirmed form goes to `/ops/action`, a function of its own with the level `admin`.
//!
//! The host takes a key from `?code=` or from the header `x-functions-key` only. Addresses are logged and stored
//! in histories, so the script sends the key of administrators in the header, and no address ever contains it.
//! Without the script, a browser cannot send the header: the form then works where the host requires no key, or
//! where a proxy adds the header. The confirmation also shows the command that does the same.
//!
//! | module | purpose |
//! |---|---|
//! | `actions` | the forms over HTTP |
//! | `dialog` | the documents after a form |
//! | `action` | what an action does |
//! | `token` | the token against requests of other sites |
//! | `form` | the fields of a form |
//! | `page` | the page: all panels |
//! | `sources` | the sources of the panels and the actions |
//! | `now`, `sizes`, `backups`, `runs` | panels |
//! | `calendar`, `charts` | backups as SVG; pure |
//! | `timeline` | the sizes of a target as SVG; pure |
//! | `panel` | the data of a panel within its deadline, or why there is none |
//! | `document` | an HTML response with its headers |
//! | `moment` | times on the page |

mod action;
mod actions;
mod backups;
mod calendar;
mod charts;
mod dialog;
mod document;
mod form;
mod moment;
mod now;
mod page;
mod panel;
mod runs;
mod sizes;
mod sources;
mod timeline;
mod token;

pub use actions::{act, page};
pub use sources::Ops;
