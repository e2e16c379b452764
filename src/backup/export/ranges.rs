//! The ranges of pages in which a table is read, so that several sessions read one large table. Pure.
//!
//! A row of a heap has its page in its `ctid`, and from PostgreSQL 14 on a scan of a range of `ctid` reads the
//! pages of that range only. The ranges of one snapshot contain each row once: the last one is open, so rows on
//! pages that were added later are not lost.

use crate::backup::catalog::{copied, qualified, quoted_list};

/// Pages of a range: 4 MiB. A range costs one statement, and its rows are packed in memory until those of the
/// ranges before it are stored.
const PAGES: u64 = 512;

/// The first version, as `server_version_num`, whose scans of a range of `ctid` skip the other pages.
const FIRST_VERSION: i32 = 140_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backup) struct Range {
    /// The first page.
    begin: u64,
    /// The page after the last one. `None` in the last range.
    end: Option<u64>,
}

impl Range {
    /// A whole table.
    const WHOLE: Range = Range {
        begin: 0,
        end: None,
    };

    /// The ranges of a table with this number of pages and these columns, on a server of this version.
    pub(in crate::backup) fn of(pages: i64, columns: &[String], version: i32) -> Vec<Range> {
        let pages = u64::try_from(pages).unwrap_or_default();
        let is_divisible = version >= FIRST_VERSION && !columns.is_empty();
        if !is_divisible || pages <= PAGES {
            return vec![Range::WHOLE];
        }
        let count = pages.div_ceil(PAGES);
        let range = |number| Range {
            begin: number * PAGES,
            end: (number + 1 < count).then(|| (number + 1) * PAGES),
        };
        (0..count).map(range).collect()
    }

    pub(super) fn is_last(self) -> bool {
        self.end.is_none()
    }

    /// The COPY of these columns of the rows in the range.
    pub(in crate::backup) fn copy_out(
        self,
        schema: &str,
        name: &str,
        columns: &[String],
    ) -> String {
        match self.condition() {
            None => format!("COPY {} TO STDOUT", copied(schema, name, columns)),
            Some(condition) => format!(
                "COPY (SELECT {} FROM ONLY {} WHERE {condition}) TO STDOUT",
                quoted_list(columns.iter().map(String::as_str)),
                qualified(schema, name)
            ),
        }
    }

    /// The condition on the rows; `None` for a whole table.
    fn condition(self) -> Option<String> {
        let begin = format!("ctid >= '({},0)'::tid", self.begin);
        match self.end {
            None if self.begin == 0 => None,
            None => Some(begin),
            Some(end) => Some(format!("{begin} AND ctid < '({end},0)'::tid")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(pages: i64, version: i32) -> Vec<Range> {
        Range::of(pages, &["a".to_owned()], version)
    }

    #[test]
    fn ranges_follow_each_other_and_the_last_one_is_open() {
        for pages in [513, 1024, 1025, 1_000_000] {
            let ranges = ranges(pages, 140_000);
            assert_eq!(ranges[0].begin, 0);
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].end, Some(pair[1].begin));
            }
            let last = ranges.last().expect("there is one");
            assert!(last.is_last());
            assert!(last.begin < pages.unsigned_abs());
        }
    }

    #[test]
    fn small_tables_and_old_servers_have_one_range() {
        let whole = [Range::WHOLE];
        assert_eq!(ranges(512, 150_000), whole);
        assert_eq!(ranges(0, 150_000), whole);
        assert_eq!(ranges(100_000, 130_014), whole);
        assert_eq!(Range::of(100_000, &[], 150_000), whole);
        assert_eq!(Range::WHOLE.condition(), None);
    }
}
