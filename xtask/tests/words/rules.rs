//! The banned words, and what to write instead.

use std::fmt;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::passage::{Kind, Passage};

struct Rule {
    of: &'static [Kind],
    /// A regular expression. Case does not matter, and a space matches any white space.
    banned: &'static str,
    /// Matches of `banned` inside a match of this are right. Empty if there are none.
    fine: &'static str,
    instead: &'static str,
}

use Kind::{Comment, Doc, Message, Name, Prose};

const ALL: &[Kind] = &[Comment, Doc, Message, Name, Prose];
const SENTENCES: &[Kind] = &[Comment, Doc, Message, Prose];

const fn everywhere(banned: &'static str, instead: &'static str) -> Rule {
    Rule {
        of: ALL,
        banned,
        fine: "",
        instead,
    }
}

const RULES: &[Rule] = &[
    Rule {
        of: ALL,
        banned: r"\b(is|are|was|were|be) no\b",
        fine: r"\bthere (is|are|was|were|will be) no\b|\b(is|are|was|were) there no\b|\b(is|are|was|were|be) no (longer|more than|\w+er than|less than)\b",
        instead: "\"X is not a Y\", \"X has no Y\" or \"there is no Y\"",
    },
    everywhere(
        r"\b(nobody|no one|somebody|anybody|whoever|whomever)\b",
        "the role: the caller, the operator, the server, no caller",
    ),
    everywhere(r"\btold\b", "receives, is reported, is distinguished"),
    Rule {
        of: ALL,
        banned: r"\b(is|are|was|were|be|been) left\b",
        fine: r"\bleft (out|over|outer|join)\b",
        instead: "skips, keeps, remains, stays",
    },
    everywhere(r"\bheld (against|to)\b", "compares with, must match"),
    everywhere(r"\bheld no more\b", "hold released"),
    everywhere(
        r"\b(taken|takes|took|take|taking) (it |them )?back\b",
        "rolls back, restores, withdraws",
    ),
    everywhere(
        r"\b(answers|answered|answering|unanswered)\b",
        "returns, responds, reports",
    ),
    Rule {
        of: SENTENCES,
        banned: r"(^|[.!;:] )(?-i:What|Who|Whoever) [\w ,`'()/-]+",
        fine: r"(What|Who)\b[\w ,`'()/-]*\?",
        instead: "a sentence whose subject is the thing that acts",
    },
    Rule {
        of: SENTENCES,
        banned: r"(^|[.!;:] )(?-i:That) (an?|the|it|they|there|no|every|each|all|one|nothing|its) [\w ,`'()/-]+",
        fine: "",
        instead: "a sentence whose subject is the thing that acts",
    },
    Rule {
        of: &[Message],
        banned: r"\A(what|who) \w+ [\w ,`'()/-]*",
        fine: r"\A(what|who)\b[\w ,`'()/-]*\?",
        instead: "the name of the thing",
    },
    Rule {
        of: &[Name],
        banned: r"\A(what|who|whoever|that) \w+",
        fine: "",
        instead: "a short statement of behaviour, or the name of the thing",
    },
    Rule {
        of: &[Doc],
        banned: r"\?\s*\z",
        fine: "",
        instead: "a statement with its reason instead of a question",
    },
    everywhere(r"\bdoes not do[.,;:]", "fails"),
    everywhere(r"\bby turns\b", "alternately, one after the other"),
    everywhere(r"\b(gives?|gave|giving) way\b", "yields, waits, stops"),
    everywhere(r"\bleash\b", "process group"),
    everywhere(r"\bpatience\b", "timeout, deadline, lock watch"),
    everywhere(r"\bspeaks? of\b", "names, mentions"),
    everywhere(r"\bwish(es)?\b", "request"),
    everywhere(r"\brooms?\b", "space, capacity, buffer, module"),
    everywhere(
        r"\bguests?\b",
        "the precise name: session, extension, temporary object",
    ),
    everywhere(r"\b(comes?|came) by\b", "arrives, is read, happens"),
    Rule {
        of: ALL,
        banned: r"\bso many\b",
        fine: r"\bso many \w+ that\b",
        instead: "the number's name, or \"that many\"",
    },
    everywhere(r"\bby the way\b", "opportunistically, also"),
];

/// Words that a doc of a few words may add to a name without adding information.
const EMPTY_WORDS: [&str; 6] = ["a", "an", "the", "of", "its", "this"];

/// Banned words at a place.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) line: usize,
    pub(crate) words: String,
    instead: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            line,
            words,
            instead,
        } = self;
        write!(f, "{line}: \"{words}\": write {instead}")
    }
}

/// [`RULES`], compiled.
pub(crate) struct Rules {
    /// All banned patterns at once: most passages match none.
    any: RegexSet,
    each: Vec<(Regex, Option<Regex>)>,
}

impl Rules {
    pub(crate) fn compiled() -> Rules {
        let patterns = RULES.iter().map(|rule| spaced(rule.banned));
        let any = RegexSetBuilder::new(patterns)
            .case_insensitive(true)
            .multi_line(true)
            .unicode(false)
            .build()
            .expect("the patterns are valid");
        let each = RULES.iter().map(|rule| {
            let fine = Some(rule.fine).filter(|it| !it.is_empty());
            (compiled(rule.banned), fine.map(compiled))
        });
        let each = each.collect();
        Rules { any, each }
    }

    pub(crate) fn judge(&self, passage: &Passage) -> Vec<Finding> {
        let mut findings: Vec<Finding> = repetition(passage).into_iter().collect();
        for index in self.any.matches(&passage.text) {
            let (banned, fine) = &self.each[index];
            if !RULES[index].of.contains(&passage.kind) {
                continue;
            }
            let is_fine = |found: &regex::Match<'_>| {
                let around = fine.as_ref().map(|it| it.find_iter(&passage.text));
                let mut around = around.into_iter().flatten();
                around.any(|it| it.start() <= found.end() && found.end() <= it.end())
            };
            let found = banned.find_iter(&passage.text).filter(|it| !is_fine(it));
            findings.extend(found.map(|it| {
                let words = without_end_before(it.as_str());
                Finding {
                    line: passage.line(it.end() - words.len()),
                    words: on_one_line(words),
                    instead: RULES[index].instead,
                }
            }));
        }
        findings
    }
}

fn spaced(pattern: &str) -> String {
    pattern.replace(' ', r"\s+")
}

fn compiled(pattern: &str) -> Regex {
    RegexBuilder::new(&spaced(pattern))
        .case_insensitive(true)
        .multi_line(true)
        .unicode(false)
        .build()
        .expect("the pattern is valid")
}

/// The words of a match, without the end of the sentence before them.
fn without_end_before(found: &str) -> &str {
    found.trim_start_matches(['.', '!', ';', ':', ' ', '\n'])
}

fn on_one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A doc of one to three words that are all in the name of the item.
fn repetition(passage: &Passage) -> Option<Finding> {
    let name = passage.item.as_deref()?;
    let doc: Vec<String> = words(&passage.text);
    let name = words(name);
    let repeats = doc.iter().all(|word| {
        let word = word.trim_end_matches('s');
        EMPTY_WORDS.contains(&word) || name.iter().any(|it| it.trim_end_matches('s') == word)
    });
    (doc.len() <= 3 && repeats).then(|| Finding {
        line: passage.line(0),
        words: on_one_line(&passage.text),
        instead: "no doc that repeats the name: state what the name does not say, or remove it",
    })
}

/// The words of a text or of an identifier, in lower case.
fn words(text: &str) -> Vec<String> {
    let mut words = String::new();
    for character in text.replace("'s", "").chars() {
        match character {
            'A'..='Z' => {
                words.push(' ');
                words.push(character.to_ascii_lowercase());
            }
            _ if character.is_alphanumeric() => words.push(character),
            _ => words.push(' '),
        }
    }
    words.split_whitespace().map(str::to_owned).collect()
}
