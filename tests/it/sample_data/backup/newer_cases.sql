-- Features of PostgreSQL 15 that 11 lacks. It runs after hard_cases.sql.

CREATE TABLE public.newer (
    id integer PRIMARY KEY,
    twice integer GENERATED ALWAYS AS (id * 2) STORED,
    packed text COMPRESSION pglz,
    once text,
    UNIQUE NULLS NOT DISTINCT (once)
);
CREATE FUNCTION public.atomic(n integer) RETURNS bigint LANGUAGE sql
    BEGIN ATOMIC SELECT count(*) FROM public.newer WHERE newer.id > n; END;
CREATE VIEW public.newer_view WITH (security_invoker = true) AS
    SELECT id, public.atomic(id) AS later FROM public.newer;
CREATE UNLOGGED SEQUENCE public.unlogged_numbers;
CREATE INDEX newer_twice ON public.newer (twice) WITH (deduplicate_items = off);
CREATE STATISTICS public.newer_half ON (id / 2) FROM public.newer;
ALTER STATISTICS public.newer_half SET STATISTICS 77;
