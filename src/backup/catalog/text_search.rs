//! Collations, conversions, and the dictionaries and configurations of text search.

use pgarchive::Kind;

pub(super) const KINDS: &[(Kind, &str)] = &[
    (Kind::Collation, COLLATIONS),
    (Kind::Conversion, CONVERSIONS),
    (Kind::TextSearchDictionary, DICTIONARIES),
    (Kind::TextSearchConfiguration, CONFIGURATIONS),
];

/// The column with the locale of a provider other than the C library differs from version to version.
const COLLATIONS: &str = "\
    SELECT c.tableoid AS catalog, c.oid, n.nspname::text AS schema, c.collname::text AS tag,
           pg_get_userbyid(c.collowner)::text AS owner,
           format('%I.%I', n.nspname, c.collname) AS subject,
           format('CREATE COLLATION %I.%I (', n.nspname, c.collname) || concat_ws(', ',
                  'provider = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'
                                        WHEN 'd' THEN 'default' ELSE 'libc' END,
                  CASE WHEN to_jsonb(c) ->> 'collisdeterministic' = 'false'
                       THEN 'deterministic = false' END,
                  CASE WHEN c.collprovider = 'c' AND c.collcollate <> c.collctype
                       THEN format('lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype)
                       ELSE format('locale = %L',
                                   coalesce(to_jsonb(c) ->> 'colllocale',
                                            to_jsonb(c) ->> 'colliculocale', c.collcollate)) END,
                  'rules = ' || quote_literal(to_jsonb(c) ->> 'collicurules'))
             || ');' AS definition
      FROM pg_collation c
      JOIN pg_namespace n ON n.oid = c.collnamespace
     WHERE c.oid >= 16384
     ORDER BY schema, tag";

const CONVERSIONS: &str = "\
    SELECT c.tableoid AS catalog, c.oid, n.nspname::text AS schema, c.conname::text AS tag,
           pg_get_userbyid(c.conowner)::text AS owner,
           format('%I.%I', n.nspname, c.conname) AS subject,
           format('CREATE %sCONVERSION %I.%I FOR %L TO %L FROM %s;',
                  CASE WHEN c.condefault THEN 'DEFAULT ' ELSE '' END, n.nspname, c.conname,
                  pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding),
                  c.conproc) AS definition
      FROM pg_conversion c
      JOIN pg_namespace n ON n.oid = c.connamespace
     WHERE c.oid >= 16384
     ORDER BY schema, tag";

const DICTIONARIES: &str = "\
    SELECT d.tableoid AS catalog, d.oid, n.nspname::text AS schema, d.dictname::text AS tag,
           pg_get_userbyid(d.dictowner)::text AS owner,
           format('%I.%I', n.nspname, d.dictname) AS subject,
           format('CREATE TEXT SEARCH DICTIONARY %I.%I (', n.nspname, d.dictname)
             || concat_ws(', ', format('TEMPLATE = %I.%I', m.nspname, t.tmplname),
                                d.dictinitoption) || ');' AS definition
      FROM pg_ts_dict d
      JOIN pg_ts_template t ON t.oid = d.dicttemplate
      JOIN pg_namespace m ON m.oid = t.tmplnamespace
      JOIN pg_namespace n ON n.oid = d.dictnamespace
     WHERE d.oid >= 16384
     ORDER BY schema, tag";

const CONFIGURATIONS: &str = "\
    SELECT c.tableoid AS catalog, c.oid, n.nspname::text AS schema, c.cfgname::text AS tag,
           pg_get_userbyid(c.cfgowner)::text AS owner,
           format('%I.%I', n.nspname, c.cfgname) AS subject,
           format('CREATE TEXT SEARCH CONFIGURATION %I.%I (PARSER = %I.%I);',
                  n.nspname, c.cfgname, m.nspname, p.prsname)
             || coalesce((SELECT string_agg(
                                   format(E'\\nALTER TEXT SEARCH CONFIGURATION %I.%I ADD MAPPING '
                                          'FOR %I WITH %s;',
                                          n.nspname, c.cfgname, k.alias, k.dictionaries),
                                   '' ORDER BY k.tokid)
                            FROM (SELECT t.tokid, t.alias,
                                         string_agg(x.mapdict::regdictionary::text, ', '
                                                    ORDER BY x.mapseqno) AS dictionaries
                                    FROM pg_ts_config_map x
                                    JOIN ts_token_type(c.cfgparser) t ON t.tokid = x.maptokentype
                                   WHERE x.mapcfg = c.oid
                                   GROUP BY t.tokid, t.alias) k), '') AS definition
      FROM pg_ts_config c
      JOIN pg_ts_parser p ON p.oid = c.cfgparser
      JOIN pg_namespace m ON m.oid = p.prsnamespace
      JOIN pg_namespace n ON n.oid = c.cfgnamespace
     WHERE c.oid >= 16384
     ORDER BY schema, tag";
