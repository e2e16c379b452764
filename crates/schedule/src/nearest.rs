//! Spelling suggestions.

/// `; did you mean from?`, or nothing if no candidate is similar to `text`.
pub(super) fn suggestion<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest(text, candidates);
    nearest.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    let likeness = |candidate: &str| strsim::jaro_winkler(&text, &candidate.to_lowercase());
    let scored = candidates.into_iter().map(|it| (likeness(it), it));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= SIMILAR)
        .map(|(_, candidate)| candidate)
}

/// The least similarity, from 0 to 1, of a word and its misspelling. `form` and `from` have 0.93, `Fry` and
/// `Fri` 0.82, `to` and `from` 0.
const SIMILAR: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_similar_words_are_suggested() {
        let keys = ["name", "days", "from", "to", "size"];
        assert_eq!(nearest("form", keys), Some("from"));
        assert_eq!(nearest("Day", keys), Some("days"));
        assert_eq!(nearest("replicas", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
