//! A piece of text that a person reads, and where it is.

/// The kinds of text. A rule applies to some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Comment,
    Doc,
    /// A string literal.
    Message,
    /// A function's name, as words.
    Name,
    /// Markdown, or a description in a schema.
    Prose,
}

#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// What a doc documents.
    pub(crate) item: Option<String>,
    /// Offsets in `text` at which a part begins, and the line of each part.
    lines: Vec<(usize, usize)>,
}

impl Passage {
    pub(crate) fn new(kind: Kind) -> Passage {
        Passage {
            kind,
            text: String::new(),
            item: None,
            lines: Vec::new(),
        }
    }

    pub(crate) fn of(kind: Kind, text: &str, line: usize) -> Passage {
        let mut passage = Passage::new(kind);
        passage.push(text, line);
        passage
    }

    pub(crate) fn push(&mut self, text: &str, line: usize) {
        self.lines.push((self.text.len(), line));
        self.text.push_str(text);
    }

    /// The line of the byte at `offset`.
    pub(crate) fn line(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|(begin, _)| *begin <= offset);
        after.checked_sub(1).map_or(1, |index| self.lines[index].1)
    }

    /// Blanks what is between backticks: code is not prose.
    pub(crate) fn without_code(mut self) -> Passage {
        let parts = self.text.split('`').enumerate().map(|(index, part)| {
            if index % 2 == 1 {
                "x".repeat(part.len())
            } else {
                part.to_owned()
            }
        });
        self.text = parts.collect::<Vec<_>>().join("`");
        self
    }
}
