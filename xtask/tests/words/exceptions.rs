//! Places where banned words are right.

pub(crate) struct Exception {
    /// A file, or the beginning of its path.
    pub(crate) file: &'static str,
    /// The words of the finding; empty for all.
    pub(crate) words: &'static str,
    #[expect(dead_code, reason = "for the reader")]
    reason: &'static str,
}

impl Exception {
    pub(crate) fn covers(&self, file: &str, words: &str) -> bool {
        let is_words = self.words.is_empty() || self.words.eq_ignore_ascii_case(words);
        is_words && file.starts_with(self.file)
    }
}

pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        file: "xtask/tests/words/",
        words: "",
        reason: "The table and its examples contain the banned words.",
    },
    Exception {
        file: "crates/devhost/tests/devhost/recordings/",
        words: "answers",
        reason: "A member and a name of the recordings.",
    },
    Exception {
        file: "crates/localpg/src/account.rs",
        words: "nobody",
        reason: "The name of an account.",
    },
    Exception {
        file: "migrations/",
        words: "",
        reason: "A migration's checksum covers its comments, so an applied one cannot change.",
    },
];
