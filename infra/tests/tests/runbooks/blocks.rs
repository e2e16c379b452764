//! The commands of a runbook.

use std::process::Command;

use crate::contexts::runbooks;
use crate::read;

/// Programs of the runbooks that a test machine lacks: `sandbox` has a fake of each.
pub(crate) const PROGRAMS: [&str; 15] = [
    "az",
    "azd",
    "cargo",
    "curl",
    "gh",
    "git",
    "helm",
    "helmfile",
    "jq",
    "kubectl",
    "kubelogin",
    "magnusapi",
    "openssl",
    "terraform",
    "velero",
];

/// Other first words of a block of commands.
const SHELL: [&str; 7] = ["(cd", "cd", "cp", "export", "for", "printf", "psql"];

/// Adjacent commands.
pub(crate) struct Block {
    /// Their heading of the second level; empty before the first.
    pub(crate) section: String,
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Fences marked `sh`, and indented paragraphs that begin with a command.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut section = String::new();
    // The indent of the block that is open, and whether it is a fence.
    let mut open: Option<(usize, bool)> = None;
    let mut in_other_fence = false;
    for (number, line) in markdown.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let fence = line.trim_start().strip_prefix("```");
        let mut begin = |text: String| {
            blocks.push(Block {
                section: section.clone(),
                line: number + 1,
                text,
            });
        };
        match (open, fence) {
            (Some((_, true)), Some(_)) => open = None,
            (Some((width, true)), None) => extend(&mut blocks, line, width),
            (_, Some("sh")) if !in_other_fence => {
                begin(String::new());
                open = Some((indent, true));
            }
            (_, Some(_)) => in_other_fence = !in_other_fence,
            _ if in_other_fence => {}
            (Some((width, false)), None) if indent >= width && !line.trim().is_empty() => {
                extend(&mut blocks, line, width);
            }
            (_, None) if indent >= 4 && is_command(line) => {
                begin(format!("{}\n", line.trim_start()));
                open = Some((indent, false));
            }
            (_, None) => {
                open = None;
                if let Some(heading) = line.strip_prefix("## ") {
                    heading.clone_into(&mut section);
                }
            }
        }
    }
    blocks
}

fn extend(blocks: &mut [Block], line: &str, indent: usize) {
    let block = blocks.last_mut().expect("a block is open");
    block.text += line.get(indent..).unwrap_or(line.trim_start());
    block.text.push('\n');
}

fn is_command(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let is_assignment = word.split_once('=').is_some_and(|(name, value)| {
        !value.is_empty() && !name.is_empty() && name.bytes().all(|it| it.is_ascii_lowercase())
    });
    is_assignment || PROGRAMS.contains(&word) || SHELL.contains(&word)
}

/// `text` with a value in the place of each `<name>` that a reader fills in.
pub(crate) fn filled_in(text: &str, value_of: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        filled.push_str(before);
        let end = after
            .find('>')
            .filter(|_| after.starts_with(|it: char| it.is_ascii_lowercase()));
        rest = if let Some(end) = end {
            filled += &value_of(&after[..end]);
            &after[end + 1..]
        } else {
            filled.push('<');
            after
        };
    }
    filled + rest
}

/// A missing quote or `done` in commands that a person copies.
#[test]
fn every_block_of_commands_is_shell() {
    let mut count = 0;
    for file in runbooks() {
        for block in blocks(&read(&file)) {
            let text = filled_in(&block.text, |_| "value".to_owned());
            let mut shell = Command::new("bash");
            let output = shell.args(["-n", "-c", &text]).output();
            let output = output.expect("bash starts");
            let message = String::from_utf8_lossy(&output.stderr);
            let place = format!("{}:{}", file.display(), block.line);
            assert!(output.status.success(), "{place}:\n{text}\n{message}");
            count += 1;
        }
    }
    assert!(count > 60, "{count} blocks were found");
}

#[test]
fn blocks_are_fences_and_indented_commands() {
    let text = "\
before

    az login

## One

Prose with `kubectl`.

    name=$(az account show) \\
        --query id

    # terraform.tfvars
    scale = { config = \"x\" }

```yaml
    cd: \"/\"
```

1. A list:

   ```sh
   # A comment.
   cd infra
   ```
";
    let found = blocks(text);
    let shown: Vec<_> = found
        .iter()
        .map(|it| (it.section.as_str(), it.line, it.text.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("", 3, "az login\n"),
            ("One", 9, "name=$(az account show) \\\n    --query id\n"),
            ("One", 21, "# A comment.\ncd infra\n"),
        ]
    );
}
