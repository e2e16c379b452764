//! Aggregates.

use super::declared::Declared;
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[Declared::whole(Kind::Aggregate, AGGREGATES)];

/// An aggregate without arguments has `*` as its arguments. The default of `FINALFUNC_MODIFY` is another one
/// for ordered sets.
const AGGREGATES: &str = "\
    SELECT p.tableoid, p.oid, p.pronamespace, p.proowner,
           p.proname || '(' || CASE p.pronargs WHEN 0 THEN '*'
                                    ELSE oidvectortypes(p.proargtypes) END || ')',
           format('%I.%I(%s)', n.nspname, p.proname,
                  CASE p.pronargs WHEN 0 THEN '*'
                       ELSE pg_get_function_identity_arguments(p.oid) END),
           format('CREATE AGGREGATE %I.%I(', n.nspname, p.proname)
             || CASE p.pronargs WHEN 0 THEN '*' ELSE pg_get_function_arguments(p.oid) END
             || ') (' || concat_ws(', ',
                  'SFUNC = ' || a.aggtransfn,
                  'STYPE = ' || format_type(a.aggtranstype, NULL),
                  'SSPACE = ' || nullif(a.aggtransspace, 0),
                  'INITCOND = ' || quote_literal(a.agginitval),
                  'FINALFUNC = ' || nullif(a.aggfinalfn::oid, 0)::regproc,
                  CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
                  CASE WHEN a.aggfinalmodify <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END
                       THEN 'FINALFUNC_MODIFY = ' || CASE a.aggfinalmodify
                            WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE'
                            ELSE 'READ_WRITE' END END,
                  'COMBINEFUNC = ' || nullif(a.aggcombinefn::oid, 0)::regproc,
                  'SERIALFUNC = ' || nullif(a.aggserialfn::oid, 0)::regproc,
                  'DESERIALFUNC = ' || nullif(a.aggdeserialfn::oid, 0)::regproc,
                  'MSFUNC = ' || nullif(a.aggmtransfn::oid, 0)::regproc,
                  'MINVFUNC = ' || nullif(a.aggminvtransfn::oid, 0)::regproc,
                  'MSTYPE = ' || format_type(nullif(a.aggmtranstype, 0), NULL),
                  'MSSPACE = ' || nullif(a.aggmtransspace, 0),
                  'MINITCOND = ' || quote_literal(a.aggminitval),
                  'MFINALFUNC = ' || nullif(a.aggmfinalfn::oid, 0)::regproc,
                  CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
                  CASE WHEN a.aggmfinalfn::oid <> 0 AND a.aggmfinalmodify
                            <> CASE a.aggkind WHEN 'n' THEN 'r' ELSE 'w' END
                       THEN 'MFINALFUNC_MODIFY = ' || CASE a.aggmfinalmodify
                            WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE'
                            ELSE 'READ_WRITE' END END,
                  (SELECT format('SORTOP = OPERATOR(%I.%s)', m.nspname, o.oprname)
                     FROM pg_operator o JOIN pg_namespace m ON m.oid = o.oprnamespace
                    WHERE o.oid = a.aggsortop),
                  CASE p.proparallel WHEN 's' THEN 'PARALLEL = safe'
                       WHEN 'r' THEN 'PARALLEL = restricted' END,
                  CASE a.aggkind WHEN 'h' THEN 'HYPOTHETICAL' END)
             || ');'
      FROM pg_proc p
      JOIN pg_aggregate a ON a.aggfnoid = p.oid
      JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname !~ '^pg_'";
