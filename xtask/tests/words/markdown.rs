//! Markdown: files of it, and the docs and comments of Rust, which are written in it.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::passage::{Kind, Passage};

pub(crate) fn passages(text: &str) -> Vec<Passage> {
    blocks(Kind::Prose, text, 1)
}

/// The paragraphs, headings, list items and table cells of a text that begins at `first_line`.
pub(crate) fn blocks(kind: Kind, text: &str, first_line: usize) -> Vec<Passage> {
    let mut blocks = Vec::new();
    let mut block = Passage::new(kind);
    let mut in_code = false;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let line = first_line + text[..range.start].matches('\n').count();
        match event {
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Image) => {}
            Event::Start(tag) => {
                in_code = matches!(tag, Tag::CodeBlock(_));
                finish(&mut block, &mut blocks);
            }
            Event::End(_) => {
                in_code = false;
                finish(&mut block, &mut blocks);
            }
            Event::Text(part) if !in_code => block.push(&part, line),
            Event::Code(_) => block.push("`code`", line),
            Event::SoftBreak | Event::HardBreak => block.push(" ", line),
            _ => {}
        }
    }
    blocks
}

fn finish(block: &mut Passage, blocks: &mut Vec<Passage>) {
    let finished = std::mem::replace(block, Passage::new(block.kind));
    if !finished.text.is_empty() {
        blocks.push(finished);
    }
}
