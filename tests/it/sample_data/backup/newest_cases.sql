-- Features of PostgreSQL 18 that 15 lacks. It runs after newer_cases.sql.

CREATE TABLE public.newest (
    id integer CONSTRAINT named NOT NULL,
    usual text NOT NULL,
    kept_here text NOT NULL NO INHERIT,
    later text,
    computed integer GENERATED ALWAYS AS (id + 1) VIRTUAL,
    during daterange,
    CONSTRAINT wished CHECK (id > 0) NOT ENFORCED,
    CONSTRAINT period PRIMARY KEY (during, usual)
);
INSERT INTO public.newest VALUES (1, 'a', 'b', NULL, DEFAULT, '[2020-01-01,2021-01-01)');
ALTER TABLE public.newest ADD CONSTRAINT from_now NOT NULL later NOT VALID;
COMMENT ON CONSTRAINT named ON public.newest IS 'by name';
CREATE DOMAIN public.sure AS text CONSTRAINT certain NOT NULL;
GRANT ALL ON public.newest TO backup_reader;
GRANT MAINTAIN ON public.newer TO backup_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE backup_owner GRANT SELECT ON LARGE OBJECTS TO backup_reader;
