//! The parts that run, reported as they start and once more when all of them run.

use std::fmt::Display;

use super::first_runs::BACKUP;

/// The parts that were reported.
#[derive(Default)]
pub(super) struct Overview {
    parts: Vec<(&'static str, String)>,
    /// Whether the samples are among them.
    pub(super) has_samples: bool,
}

/// Prints a line about a step.
pub(super) fn report(step: &str, text: impl Display) {
    println!("{step:<10}{text}");
}

/// The option `--json` needs curl 7.82, and Ubuntu 22.04 has 7.81.
const JSON: &str = "-H Content-Type:application/json";

impl Overview {
    /// Reports a part that runs from now on.
    pub(super) fn add(&mut self, part: &'static str, text: impl Display) {
        let text = text.to_string();
        report(part, &text);
        self.parts.push((part, text));
    }

    /// All parts, the address of the page and commands to try. It follows the lines of the host, which fill a
    /// screen.
    pub(super) fn summary(&self, port: u16) -> String {
        let address = format!("127.0.0.1:{port}");
        let parts: Vec<String> = self
            .parts
            .iter()
            .map(|(part, text)| format!("  {part:<10}{text}"))
            .collect();
        let parts = parts.join("\n");
        let (more, [second, third]) = if self.has_samples {
            (
                "a backup now, and the list of backups",
                [
                    format!("curl {JSON} -d '{{}}' {address}/admin/functions/{BACKUP}"),
                    "cargo run -- backup list".to_owned(),
                ],
            )
        } else {
            (
                "the list of items, and the health report",
                [
                    format!("curl {address}/item"),
                    format!("curl {address}/health"),
                ],
            )
        };
        format!(
            "The app runs:\n\n{parts}\n\n\
             Its page, which needs a key in Azure (/ops?code=…) and none here:\n\n  \
               http://{address}/ops\n\n\
             To try, in another terminal, a new item, {more}:\n\n  \
               curl {JSON} -d '{{\"name\": \"a new item\"}}' {address}/item\n  \
               {second}\n  \
               {third}\n\n\
             Ctrl-C stops it."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_fits_one_screen_and_names_every_part() {
        let mut overview = Overview {
            has_samples: true,
            ..Overview::default()
        };
        for part in [
            "storage", "database", "samples", "settings", "host", "backups",
        ] {
            overview.add(part, "a place");
        }
        let summary = overview.summary(7071);
        assert!(summary.lines().count() <= 24, "{summary}");
        assert!(summary.lines().all(|line| line.len() <= 100), "{summary}");
        assert!(summary.contains("  host      a place\n"), "{summary}");
        assert!(summary.contains("http://127.0.0.1:7071/ops\n"), "{summary}");
    }
}
