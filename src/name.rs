//! What people may call things of theirs: the targets of a schedule, the sources of backups.

/// Whether `text` has 1 to 40 lower-case letters, digits and dashes, and a letter first: good as a
/// folder, as a key of a file, and as a part of a variable's name.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    (1..=40).contains(&text.len())
        && text.bytes().all(allowed)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_short_and_plain() {
        let longest = "a".repeat(40);
        for good in ["a", "postfacto-4-3", "b-", &longest] {
            assert!(is_name(good), "{good}");
        }
        let too_long = "a".repeat(41);
        for bad in ["", "A", "4-3", "-a", "a_b", "a b", "../a", "ä", &too_long] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
