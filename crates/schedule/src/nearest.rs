//! What somebody meant who wrote something else.

/// The candidate that `text` is most likely a slip of, if it is like any.
pub(super) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let text = text.to_lowercase();
    let likeness = |candidate: &str| strsim::jaro_winkler(&text, &candidate.to_lowercase());
    let scored = candidates.into_iter().map(|it| (likeness(it), it));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= ALIKE)
        .map(|(_, candidate)| candidate)
}

/// How like, from 0 to 1, must two words be for one to be a slip of the other? `form` and `from` are
/// at 0.93, `Fry` and `Fri` at 0.82, `to` and `from` at 0.
const ALIKE: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_finds_none() {
        let keys = ["name", "days", "from", "to", "size"];
        assert_eq!(nearest("form", keys), Some("from"));
        assert_eq!(nearest("Day", keys), Some("days"));
        assert_eq!(nearest("replicas", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
