//! Files whose comments begin with a mark, and the descriptions in schemas.

use crate::passage::{Kind, Passage};

/// The keys whose string a person reads.
const DESCRIPTIONS: [&str; 4] = ["description", "summary", "title", "error_message"];

/// The comments. Successive lines are one text; an empty comment line separates two.
pub(crate) fn comments(text: &str, mark: &str) -> Vec<Passage> {
    let mut comments: Vec<Passage> = Vec::new();
    let mut continues = false;
    for (number, line) in (1..).zip(text.lines()) {
        let Some((before, comment)) = split(line, mark) else {
            continues = false;
            continue;
        };
        let comment = comment.trim_start_matches(['#', '-']).trim();
        match comments.last_mut() {
            Some(last) if continues && before.trim().is_empty() => {
                last.push(&format!(" {comment}"), number);
            }
            _ => comments.push(Passage::of(Kind::Comment, comment, number)),
        }
        continues = before.trim().is_empty() && !comment.is_empty();
    }
    comments.into_iter().map(Passage::without_code).collect()
}

/// What is before and after the first mark that is outside quotes and follows a space.
fn split<'line>(line: &'line str, mark: &str) -> Option<(&'line str, &'line str)> {
    let (index, _) = line.match_indices(mark).find(|(index, _)| {
        let before = &line[..*index];
        let is_quoted = ['"', '\'']
            .iter()
            .any(|quote| before.matches(*quote).count() % 2 == 1);
        !is_quoted && (before.is_empty() || before.ends_with([' ', '\t']))
    })?;
    Some((&line[..index], &line[index + mark.len()..]))
}

/// The strings of the keys in [`DESCRIPTIONS`], each on a line of its own.
pub(crate) fn descriptions(text: &str) -> Vec<Passage> {
    let found = (1..).zip(text.lines()).filter_map(|(number, line)| {
        let (key, value) = line.split_once([':', '='])?;
        let key = key.trim().trim_matches('"');
        let value = value.trim().trim_end_matches(',');
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        DESCRIPTIONS
            .contains(&key)
            .then(|| Passage::of(Kind::Prose, value, number).without_code())
    });
    found.collect()
}
