//! Functions and procedures.

use super::declared::Declared;
use pgarchive::Kind;

/// Those of these kinds. A session can drop its temporary functions at any moment. A range creates its constructors
/// itself. `pg_restore` takes the name for `ALTER … OWNER` from DROP, and procedures can differ in their OUT
/// arguments alone.
macro_rules! functions {
    ($kinds:literal) => {
        concat!(
            "SELECT p.tableoid, p.oid, p.pronamespace, p.proowner,
                    format('%s(%s)', p.proname, oidvectortypes(p.proargtypes)),
                    format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
                    rtrim(regexp_replace(pg_get_functiondef(p.oid), '^CREATE OR REPLACE ', 'CREATE '),
                          E' \\n') || ';'
               FROM pg_proc p
               JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE p.prokind IN (", $kinds, ") AND n.nspname !~ '^pg_'
                AND NOT EXISTS (SELECT FROM pg_depend d
                                 WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                                   AND d.deptype = 'i')"
        )
    };
}

pub(super) const KINDS: &[Declared] = &[
    Declared::whole(Kind::Function, functions!("'f', 'w'")),
    Declared::whole(Kind::Procedure, functions!("'p'")),
];
