//! Triggers and rules.

use super::declared::Declared;
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[
    Declared::whole(Kind::Trigger, TRIGGERS),
    Declared::whole(Kind::Rule, RULES),
];

/// The statement that switches one on or off, from a letter; null for the usual state.
macro_rules! state {
    ($letter:literal, $usual:literal, $kind:literal, $name:literal) => {
        concat!(
            "format('ALTER TABLE %I.%I ', n.nspname, c.relname)
               || CASE ",
            $letter,
            " WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS'
                       WHEN 'R' THEN 'ENABLE REPLICA' ELSE ",
            $usual,
            " END
               || format(' ",
            $kind,
            " %I;', ",
            $name,
            ")"
        )
    };
}

/// The server's own triggers come with their constraints, and a partition's with its parent's,
/// except where it is switched on or off by itself. Only since version 13, `pg_trigger` names the parent's trigger.
const TRIGGERS: &str = concat!(
    "SELECT g.tableoid, g.oid, c.relnamespace, c.relowner, c.relname || ' ' || g.tgname,
            CASE WHEN u.oid IS NULL THEN format('%I ON %I.%I', g.tgname, n.nspname, c.relname)
                 ELSE '' END,
            CASE WHEN u.oid IS NULL
                 THEN pg_get_triggerdef(g.oid) || ';' || coalesce(E'\\n' || ",
    state!("g.tgenabled", "NULL", "TRIGGER", "g.tgname"),
    "                 , '')
                 ELSE ",
    state!("g.tgenabled", "'ENABLE'", "TRIGGER", "g.tgname"),
    "            END
       FROM pg_trigger g
       JOIN pg_class c ON c.oid = g.tgrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_trigger u ON u.oid = (to_jsonb(g) ->> 'tgparentid')::oid
      WHERE c.relkind IN ('r', 'p', 'f', 'v')
        AND (NOT g.tgisinternal AND u.oid IS NULL
             OR u.tgenabled <> g.tgenabled AND NOT u.tgisinternal)"
);

/// A view's own rule comes with the view.
const RULES: &str = concat!(
    "SELECT r.tableoid, r.oid, c.relnamespace, c.relowner, c.relname || ' ' || r.rulename,
            format('%I ON %I.%I', r.rulename, n.nspname, c.relname),
            pg_get_ruledef(r.oid) || coalesce(E'\\n' || ",
    state!("r.ev_enabled", "NULL", "RULE", "r.rulename"),
    "            , '')
       FROM pg_rewrite r
       JOIN pg_class c ON c.oid = r.ev_class
       JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE r.rulename <> '_RETURN' AND c.relkind IN ('r', 'p', 'v')"
);
