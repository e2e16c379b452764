-- The objects of an extension, and objects that use them. It runs after hard_cases.sql.

CREATE EXTENSION citext WITH SCHEMA sales;
COMMENT ON EXTENSION citext IS 'not its own words';
REVOKE EXECUTE ON FUNCTION sales.citext_eq(sales.citext, sales.citext) FROM PUBLIC;
CREATE TABLE public.extended (mail sales.citext DEFAULT 'A@b' UNIQUE CHECK (mail <> ''));
