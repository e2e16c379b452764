//! The comments, docs, string literals and function names of a Rust source.

use ra_ap_rustc_lexer::{DocStyle, FrontmatterAllowed, LiteralKind, TokenKind, tokenize};

use crate::markdown;
use crate::passage::{Kind, Passage};

/// Words between a doc and the name of the item that it documents.
const BEFORE_NAMES: [&str; 14] = [
    "pub", "fn", "async", "unsafe", "const", "static", "struct", "enum", "mod", "trait", "type",
    "use", "mut", "extern",
];

struct Token<'text> {
    kind: TokenKind,
    text: &'text str,
    line: usize,
}

pub(crate) fn passages(source: &str) -> Vec<Passage> {
    let tokens = tokens(source);
    let mut passages = Vec::new();
    let mut next = 0;
    while let Some(token) = tokens.get(next) {
        match token.kind {
            TokenKind::LineComment { doc_style } => {
                let end = end_of_comment(&tokens, next);
                passages.extend(comment(&tokens[next..end], doc_style, &tokens[end..]));
                next = end;
                continue;
            }
            TokenKind::BlockComment { doc_style, .. } => {
                let inner = token.text.trim_start_matches(['/', '*', '!']);
                let inner = inner.trim_end_matches(['/', '*']);
                passages.extend(markdown::blocks(kind(doc_style), inner.trim(), token.line));
            }
            TokenKind::Literal { kind, .. } => passages.extend(string(kind, token)),
            TokenKind::Ident if token.text == "fn" => {
                if let Some(name) = tokens
                    .get(next + 2)
                    .filter(|it| it.kind == TokenKind::Ident)
                {
                    let words = name.text.replace('_', " ");
                    passages.push(Passage::of(Kind::Name, &words, name.line));
                }
            }
            _ => {}
        }
        next += 1;
    }
    passages
}

fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut rest = source;
    let mut line = 1;
    let mut tokens = Vec::new();
    for token in tokenize(source, FrontmatterAllowed::No) {
        let (text, after) = rest.split_at(token.len as usize);
        let kind = token.kind;
        tokens.push(Token { kind, text, line });
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

fn kind(style: Option<DocStyle>) -> Kind {
    if style.is_some() {
        Kind::Doc
    } else {
        Kind::Comment
    }
}

/// The index behind the comment of one style on successive lines that begins at `start`.
fn end_of_comment(tokens: &[Token<'_>], start: usize) -> usize {
    let continues = |index: usize| match &tokens[index..] {
        [space, comment, ..] => {
            space.kind == TokenKind::Whitespace
                && space.text.matches('\n').count() == 1
                && comment.kind == tokens[start].kind
        }
        _ => false,
    };
    let mut end = start + 1;
    while continues(end) {
        end += 2;
    }
    end
}

fn comment(lines: &[Token<'_>], style: Option<DocStyle>, after: &[Token<'_>]) -> Vec<Passage> {
    let marker = if style.is_some() { 3 } else { 2 };
    let content = lines.iter().step_by(2).map(|line| {
        let text = line.text[marker..].trim_end();
        text.strip_prefix(' ').unwrap_or(text)
    });
    let text = content.collect::<Vec<_>>().join("\n");
    let mut blocks = markdown::blocks(kind(style), &text, lines[0].line);
    if let [doc] = blocks.as_mut_slice()
        && style == Some(DocStyle::Outer)
    {
        doc.item = documented(after);
    }
    blocks
}

/// The name of the item that follows a doc.
fn documented(tokens: &[Token<'_>]) -> Option<String> {
    let mut depth = 0;
    for token in tokens {
        match token.kind {
            TokenKind::OpenBracket | TokenKind::OpenParen => depth += 1,
            TokenKind::CloseBracket | TokenKind::CloseParen => depth -= 1,
            TokenKind::Ident if depth == 0 && !BEFORE_NAMES.contains(&token.text) => {
                return Some(token.text.to_owned());
            }
            TokenKind::OpenBrace | TokenKind::CloseBrace if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn string(kind: LiteralKind, token: &Token<'_>) -> Option<Passage> {
    let is_raw = match kind {
        LiteralKind::Str { .. } | LiteralKind::ByteStr { .. } => false,
        LiteralKind::RawStr { .. } | LiteralKind::RawByteStr { .. } => true,
        _ => return None,
    };
    let inner = token.text.trim_start_matches(['b', 'r', '#']);
    let inner = inner.trim_end_matches('#');
    let inner = inner.strip_prefix('"')?.strip_suffix('"')?;
    let mut passage = Passage::new(Kind::Message);
    for (line, part) in (token.line..).zip(inner.split_inclusive('\n')) {
        let part = if line == token.line {
            part
        } else {
            part.trim_start_matches(' ')
        };
        if is_raw {
            passage.push(part, line);
        } else {
            passage.push(&unescaped(part), line);
        }
    }
    Some(passage.without_code())
}

/// A line of a string literal as the program sees it, near enough for reading: an escaped end of line joins
/// the lines, and the escapes that are not text are spaces.
fn unescaped(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match rest.next() {
            Some('\n') | None => {}
            Some('n') => text.push('\n'),
            Some(quote @ ('"' | '\'' | '\\')) => text.push(quote),
            Some(_) => text.push(' '),
        }
    }
    text
}
