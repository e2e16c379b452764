//! The kinds of entries.

use std::fmt;

use super::toc::Section;

macro_rules! kinds {
    ($($kind:ident: $words:literal,)+) => {
        /// The kind of an entry. The order is the one in which kinds are restored, as far as
        /// dependencies leave a choice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($kind,)+ }

        impl Kind {
            pub const ALL: &[Kind] = &[$(Kind::$kind,)+];

            /// In `pg_dump`'s words, which `pg_restore` compares.
            pub fn words(self) -> &'static str {
                match self { $(Kind::$kind => $words,)+ }
            }
        }
    };
}

kinds! {
    Encoding: "ENCODING",
    StdStrings: "STDSTRINGS",
    SearchPath: "SEARCHPATH",
    Database: "DATABASE",
    DatabaseProperties: "DATABASE PROPERTIES",
    Schema: "SCHEMA",
    Extension: "EXTENSION",
    Type: "TYPE",
    Domain: "DOMAIN",
    Collation: "COLLATION",
    Language: "PROCEDURAL LANGUAGE",
    Function: "FUNCTION",
    Procedure: "PROCEDURE",
    Aggregate: "AGGREGATE",
    Operator: "OPERATOR",
    OperatorFamily: "OPERATOR FAMILY",
    OperatorClass: "OPERATOR CLASS",
    Cast: "CAST",
    Transform: "TRANSFORM",
    Conversion: "CONVERSION",
    TextSearchDictionary: "TEXT SEARCH DICTIONARY",
    TextSearchConfiguration: "TEXT SEARCH CONFIGURATION",
    ForeignDataWrapper: "FOREIGN DATA WRAPPER",
    Server: "SERVER",
    UserMapping: "USER MAPPING",
    Table: "TABLE",
    ForeignTable: "FOREIGN TABLE",
    TableAttach: "TABLE ATTACH",
    Sequence: "SEQUENCE",
    View: "VIEW",
    MaterializedView: "MATERIALIZED VIEW",
    SequenceOwnedBy: "SEQUENCE OWNED BY",
    Default: "DEFAULT",
    TableData: "TABLE DATA",
    SequenceSet: "SEQUENCE SET",
    Constraint: "CONSTRAINT",
    CheckConstraint: "CHECK CONSTRAINT",
    Index: "INDEX",
    IndexAttach: "INDEX ATTACH",
    Statistics: "STATISTICS",
    Rule: "RULE",
    Trigger: "TRIGGER",
    ForeignKey: "FK CONSTRAINT",
    RowSecurity: "ROW SECURITY",
    Policy: "POLICY",
    Publication: "PUBLICATION",
    PublicationTable: "PUBLICATION TABLE",
    PublicationSchema: "PUBLICATION TABLES IN SCHEMA",
    DefaultAcl: "DEFAULT ACL",
    Refresh: "MATERIALIZED VIEW DATA",
    EventTrigger: "EVENT TRIGGER",
    Comment: "COMMENT",
    Acl: "ACL",
}

impl Kind {
    /// The kind with these words.
    pub fn of(words: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.words() == words)
    }

    /// When entries of this kind are restored, unless they depend on something that comes later.
    pub fn section(self) -> Section {
        match self {
            Kind::TableData | Kind::SequenceSet => Section::Data,
            Kind::Comment | Kind::Acl => Section::None,
            kind if kind < Kind::TableData => Section::PreData,
            _ => Section::PostData,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.words())
    }
}
