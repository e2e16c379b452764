//! Collations, conversions, and the dictionaries and configurations of text search.

use super::declared::Declared;
use pgarchive::Kind;

pub(super) const KINDS: &[Declared] = &[
    Declared::rest(Kind::Collation, COLLATIONS),
    Declared::whole(Kind::Conversion, CONVERSIONS),
    Declared::rest(Kind::TextSearchDictionary, DICTIONARIES),
    Declared::rest(Kind::TextSearchConfiguration, CONFIGURATIONS),
];

/// The column with the locale of a provider other than the C library differs from version to version.
const COLLATIONS: &str = "\
    SELECT c.tableoid, c.oid, c.collnamespace, c.collowner, c.collname, NULL,
           format(' (%s);', concat_ws(', ',
                  'provider = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'
                                        WHEN 'd' THEN 'default' ELSE 'libc' END,
                  CASE WHEN to_jsonb(c) ->> 'collisdeterministic' = 'false'
                       THEN 'deterministic = false' END,
                  CASE WHEN c.collprovider = 'c' AND c.collcollate <> c.collctype
                       THEN format('lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype)
                       ELSE format('locale = %L',
                                   coalesce(to_jsonb(c) ->> 'colllocale',
                                            to_jsonb(c) ->> 'colliculocale', c.collcollate)) END,
                  'rules = ' || quote_literal(to_jsonb(c) ->> 'collicurules')))
      FROM pg_collation c";

const CONVERSIONS: &str = "\
    SELECT c.tableoid, c.oid, c.connamespace, c.conowner, c.conname, NULL,
           format('CREATE %sCONVERSION %I.%I FOR %L TO %L FROM %s;',
                  CASE WHEN c.condefault THEN 'DEFAULT ' ELSE '' END, n.nspname, c.conname,
                  pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding),
                  c.conproc)
      FROM pg_conversion c
      JOIN pg_namespace n ON n.oid = c.connamespace";

const DICTIONARIES: &str = "\
    SELECT d.tableoid, d.oid, d.dictnamespace, d.dictowner, d.dictname, NULL,
           format(' (%s);', concat_ws(', ', format('TEMPLATE = %I.%I', m.nspname, t.tmplname),
                                            d.dictinitoption))
      FROM pg_ts_dict d
      JOIN pg_ts_template t ON t.oid = d.dicttemplate
      JOIN pg_namespace m ON m.oid = t.tmplnamespace";

const CONFIGURATIONS: &str = "\
    SELECT c.tableoid, c.oid, c.cfgnamespace, c.cfgowner, c.cfgname, NULL,
           format(' (PARSER = %I.%I);', m.nspname, p.prsname)
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
                                   GROUP BY t.tokid, t.alias) k), '')
      FROM pg_ts_config c
      JOIN pg_ts_parser p ON p.oid = c.cfgparser
      JOIN pg_namespace m ON m.oid = p.prsnamespace
      JOIN pg_namespace n ON n.oid = c.cfgnamespace";
