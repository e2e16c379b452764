--- enums
CREATE TYPE color AS ENUM ('red', 'it''s', 'back\slash', 'ünï');
ALTER TYPE color ADD VALUE 'pink' BEFORE 'it''s';
CREATE TYPE nothing AS ENUM ();
CREATE TABLE colored (c color DEFAULT 'red');
INSERT INTO colored DEFAULT VALUES;
COMMENT ON TYPE color IS 'of paint';

--- composite types
CREATE TYPE street AS (name text COLLATE "C", number int);
CREATE TYPE address AS ("the street" street, zip varchar(9));
ALTER TYPE address ADD ATTRIBUTE gone int; ALTER TYPE address DROP ATTRIBUTE gone;
CREATE TABLE housed (at address, "all" address[]);
COMMENT ON COLUMN address.zip IS 'code';
INSERT INTO housed VALUES (ROW(ROW('a', 1), '12345'), NULL);

--- domains
CREATE DOMAIN mail AS varchar(99) COLLATE "C" DEFAULT 'a@b' NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@') CONSTRAINT short CHECK (length(VALUE) < 50);
CREATE DOMAIN later AS int; ALTER DOMAIN later ADD CONSTRAINT "on later" CHECK (VALUE > 5) NOT VALID;
CREATE DOMAIN nested AS mail CHECK (VALUE <> 'x@y');
CREATE TABLE mailed (m mail, n nested, l later);
COMMENT ON CONSTRAINT "on later" ON DOMAIN later IS 'a name with on';
COMMENT ON DOMAIN mail IS 'mail';
INSERT INTO mailed VALUES (DEFAULT, 'c@d', 7);

--- ranges and multiranges
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TYPE words AS RANGE (SUBTYPE = text, COLLATION = "C", MULTIRANGE_TYPE_NAME = many_words);
CREATE TABLE ranged (s span, w words, m many_words, sm span_multirange, i int4range, t tstzmultirange);
INSERT INTO ranged VALUES ('[1.5,2)', '[a,b]', '{[a,b),[c,d)}', '{}', 'empty', '{[2026-01-01,)}');
COMMENT ON TYPE span IS 'of numbers'; GRANT USAGE ON TYPE span TO backup_reader; REVOKE USAGE ON TYPE span FROM PUBLIC;

--- a range with a canonical function
--! function public.span_canonical(public.span) is not in the archive
--! type public.span is not in the archive
--! view public.of_spans is not in the archive
--! view public.spans is not in the archive
CREATE TYPE span;
CREATE FUNCTION span_canonical(span) RETURNS span LANGUAGE internal IMMUTABLE STRICT AS 'int4range_canonical';
CREATE TYPE span AS RANGE (SUBTYPE = int4, CANONICAL = span_canonical);
CREATE VIEW spans AS SELECT NULL::span AS s;
CREATE VIEW of_spans AS SELECT s FROM spans;

--- a shell type
--! type public.shell is not in the archive
CREATE TYPE shell;

--- collations
CREATE COLLATION german (provider = icu, locale = 'de-u-co-phonebk');
CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION plain_c FROM "C"; ALTER COLLATION plain_c OWNER TO backup_owner;
CREATE TABLE collated (a text COLLATE german, b text COLLATE no_case UNIQUE, c text COLLATE plain_c);
CREATE INDEX ON collated (a COLLATE plain_c);
INSERT INTO collated VALUES ('ä', 'X', 'y');
COMMENT ON COLLATION german IS 'phone book';

--- operators
CREATE FUNCTION same(box, box) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT area($1) = area($2)';
CREATE FUNCTION other(box, box) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT area($1) <> area($2)';
CREATE FUNCTION minus(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT reverse($1)';
CREATE OPERATOR === (LEFTARG = box, RIGHTARG = box, FUNCTION = same, COMMUTATOR = ===, NEGATOR = !===, RESTRICT = areasel, JOIN = areajoinsel, HASHES, MERGES);
CREATE OPERATOR !=== (LEFTARG = box, RIGHTARG = box, FUNCTION = other, COMMUTATOR = !===, NEGATOR = ===);
CREATE OPERATOR @- (RIGHTARG = text, FUNCTION = minus);
CREATE TABLE boxed (b box, t text DEFAULT @- 'abc', CHECK (b === b));
CREATE VIEW boxes AS SELECT b === '((0,0),(1,1))' AS unit FROM boxed;
COMMENT ON OPERATOR === (box, box) IS 'same area'; ALTER OPERATOR @- (NONE, text) OWNER TO backup_owner;
INSERT INTO boxed VALUES ('((0,0),(2,2))');

--- operators that only others name
CREATE FUNCTION same(box, box) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR === (LEFTARG = box, RIGHTARG = box, FUNCTION = same, COMMUTATOR = ==#, NEGATOR = !==#);

--- operator classes and families
--? COMMENT OPERATOR CLASS public.length_ops USING btree
--? COMMENT OPERATOR FAMILY public.lengths USING btree
--? INDEX public.by_length
--? OPERATOR CLASS public.length_ops
--? OPERATOR FAMILY public.lengths
CREATE FUNCTION by_length(text, text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT length($1) - length($2)';
CREATE FUNCTION shorter(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT length($1) < length($2)';
CREATE FUNCTION as_long(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT length($1) = length($2)';
CREATE OPERATOR <# (LEFTARG = text, RIGHTARG = text, FUNCTION = shorter);
CREATE OPERATOR =# (LEFTARG = text, RIGHTARG = text, FUNCTION = as_long);
CREATE OPERATOR FAMILY lengths USING btree;
CREATE OPERATOR CLASS length_ops FOR TYPE text USING btree FAMILY lengths AS OPERATOR 1 <#, OPERATOR 3 =#, FUNCTION 1 by_length(text, text);
CREATE TABLE lengthy (t text); CREATE INDEX by_length ON lengthy (t length_ops);
INSERT INTO lengthy VALUES ('a'), ('bb');
COMMENT ON OPERATOR CLASS length_ops USING btree IS 'by length'; COMMENT ON OPERATOR FAMILY lengths USING btree IS 'lengths';

--- an operator class with a family of its own and loose members
--? OPERATOR CLASS public.my_int_ops
--? OPERATOR CLASS public.tree_ops
--? OPERATOR FAMILY public.my_int_ops
--? OPERATOR FAMILY public.tree_ops
CREATE FUNCTION mixed(int, bigint) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT sign($1 - $2)::int';
CREATE OPERATOR CLASS my_int_ops FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
ALTER OPERATOR FAMILY my_int_ops USING btree ADD OPERATOR 1 < (int, bigint), OPERATOR 3 = (int, bigint), FUNCTION 1 (int, bigint) mixed(int, bigint);
CREATE OPERATOR CLASS tree_ops FOR TYPE point USING gist AS STORAGE box, OPERATOR 15 <-> (point, point) FOR ORDER BY pg_catalog.float_ops, FUNCTION 1 gist_point_consistent(internal, point, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal), FUNCTION 3 gist_point_compress(internal), FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal), FUNCTION 7 gist_box_same(box, box, internal);
CREATE TABLE pointed (p point);

--- casts
--? CAST CAST (date AS integer)
CREATE TYPE money_amount AS (cents int);
CREATE FUNCTION to_cents(money_amount) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1.cents';
CREATE CAST (money_amount AS int) WITH FUNCTION to_cents(money_amount) AS ASSIGNMENT;
CREATE CAST (money_amount AS text) WITH INOUT AS IMPLICIT;
CREATE DOMAIN little AS int;
CREATE CAST (date AS int) WITH INOUT;
COMMENT ON CAST (money_amount AS int) IS 'in cents';
CREATE TABLE paid (m money_amount); INSERT INTO paid VALUES (ROW(5));

--- text search
CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = simple, STOPWORDS = english, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION prose (COPY = english);
ALTER TEXT SEARCH CONFIGURATION prose ALTER MAPPING FOR asciiword, word WITH plain_words, english_stem;
ALTER TEXT SEARCH CONFIGURATION prose DROP MAPPING FOR url;
CREATE TEXT SEARCH CONFIGURATION empty_one (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION prose OWNER TO backup_owner;
CREATE TABLE texts (t text, v tsvector GENERATED ALWAYS AS (to_tsvector('public.prose', t)) STORED);
CREATE INDEX ON texts USING gin (v);
INSERT INTO texts VALUES ('the quick brown fox');
COMMENT ON TEXT SEARCH CONFIGURATION prose IS 'prose'; COMMENT ON TEXT SEARCH DICTIONARY plain_words IS 'words';

--- templates and parsers of text search
--! text search template public.mine is not in the archive
CREATE TEXT SEARCH TEMPLATE mine (LEXIZE = dsimple_lexize);

--- conversions
CREATE DEFAULT CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
ALTER CONVERSION latin OWNER TO backup_owner; COMMENT ON CONVERSION latin IS 'latin';

--- a column of a type that is not carried
--! type public.my_int is not in the archive
--! function public.my_int_in(pg_catalog.cstring) is not in the archive
--! function public.my_int_out(public.my_int) is not in the archive
CREATE TYPE my_int;
CREATE FUNCTION my_int_in(cstring) RETURNS my_int LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION my_int_out(my_int) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE my_int (INPUT = my_int_in, OUTPUT = my_int_out, LIKE = int4);
CREATE TABLE of_it (id int PRIMARY KEY, v my_int);
CREATE TABLE refers (id int REFERENCES of_it);
INSERT INTO of_it VALUES (1, '7');
