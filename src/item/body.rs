//! The body of a creation or a rename: `{"name": "…"}`.

use super::ItemName;
use crate::http::{ObjectFormat, Problem, Request};

static FORMAT: ObjectFormat = ObjectFormat {
    // The longest name has some 3 KB if each of its characters is escaped.
    limit: 64 * 1024,
    members: &["name"],
    example: r#"{"name": "a string of 1 to 255 characters"}"#,
    problem: "invalid-item",
    title: "The body does not describe an item",
};

/// Reads the name of an item.
pub(super) async fn name(request: &mut Request) -> Result<ItemName, Problem> {
    let mut members = FORMAT.read(request).await?;
    let name = members.take("name");
    members.finish(name)
}
