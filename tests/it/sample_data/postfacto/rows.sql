-- Rows for schema.sql: 1,000 retros, 1,000,000 items, 80,000 action items, 20,000 archives and 2,000
-- users times the setting `postfacto.scale`, which is set before this runs; the same rows each time.
-- The setting `postfacto.retros` replaces the number of retros, up to that of phrases.
-- Among them is text that breaks careless programs, and text of a megabyte.

SET synchronous_commit = off;

-- A number below `below`, made of a seed.
CREATE FUNCTION pg_temp.pick(seed bigint, below bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT (hashint8extended(seed, 20210612) & 9223372036854775807) % below';
-- A fraction from 0 to 1, without 0.
CREATE FUNCTION pg_temp.chance(seed bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT (1 + (hashint8extended(seed, 48271) & 1073741823)) / 1073741824.0::float8';
-- A time of day in eight years; one in fifty without a fraction of a second.
CREATE FUNCTION pg_temp.moment(seed bigint) RETURNS timestamp
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT timestamp '2018-01-08 09:00:00'
                 + pg_temp.pick(seed * 2, 252288000) * interval '1 second'
                 + CASE WHEN pg_temp.chance(seed) < 0.02 THEN 0
                        ELSE pg_temp.pick(seed * 2 + 1, 1000000) END * interval '1 microsecond' $$;
-- Letters and digits, as many as asked for, at most 86.
CREATE FUNCTION pg_temp.letters(seed bigint, number integer) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT left(translate(encode(sha512(seed::text::bytea), 'base64'), E'+/=\n', 'xy'),
                      number) $$;
CREATE FUNCTION pg_temp.amount(whole integer, at_least integer) RETURNS integer
    LANGUAGE sql STABLE
    AS $$ SELECT greatest(at_least,
                          (whole * current_setting('postfacto.scale')::float8)::integer) $$;
CREATE FUNCTION pg_temp.retros(at_least integer) RETURNS integer
    LANGUAGE sql STABLE
    AS $$ SELECT coalesce(nullif(current_setting('postfacto.retros', true), '')::integer,
                          pg_temp.amount(1000, at_least)) $$;

CREATE TEMPORARY TABLE word AS
SELECT (n - 1)::integer AS n, word
  FROM regexp_split_to_table(
    'the to we and of a in is was for it on that our with this be are not have as team more from at '
    'by too good time need work great one code story stories about but next week release when review '
    'tests all should planning standup been customer feature product demo pairing pipeline deploy '
    'production incident backlog very so they what how no better less many new last first after '
    'before during each every people everyone feedback communication focus blocked waiting scope '
    'estimate velocity points bug bugs fixed flaky slow fast clear unclear design research user '
    'metrics dashboard alert oncall knowledge sharing documentation remote office hybrid audio laptop '
    'access security audit budget hiring onboarding welcome thanks kudos helped support priority '
    'roadmap quarter goal outcome learning experiment data migration backup restore latency memory '
    'cloud cluster certificate expired outage postmortem owner due tomorrow friday monday lunch '
    'coffee celebration fun happy sad tired overtime holiday cover handover context switching '
    'interrupted meetings agenda notes decision agreed talked listened felt really quite maybe '
    'definitely again always never sometimes usually finally almost already because although '
    'however therefore instead without between against around through retro format facilitator',
    ' ') WITH ORDINALITY AS words (word, n);

-- People repeat themselves: items are made of phrases, phrases of words, the first words most often.
CREATE TEMPORARY TABLE phrase AS
SELECT p::integer AS n,
       string_agg(w.word, ' ' ORDER BY place) AS phrase
  FROM generate_series(0, pg_temp.amount(240000, 500) - 1) p
 CROSS JOIN LATERAL generate_series(0, 1 + pg_temp.pick(p, 7)::integer) place
  JOIN word w
    ON w.n = floor(2.7 * (((SELECT count(*) FROM word) + 2.7) / 2.7)
                         ^ pg_temp.chance(p::bigint * 16 + place) - 2.7)::integer
 WHERE p < 60000
 GROUP BY p;
CREATE UNIQUE INDEX ON phrase (n);
ANALYZE phrase;

CREATE TEMPORARY TABLE nasty AS
SELECT n, text
  FROM unnest(ARRAY[
    '', '\N', '\.', 'NULL', 'null', '\\N', '\n literal', 'a\', E'tab\there', E'new\nline', E'\n',
    E'\n\\.\n', E'carriage\rreturn', E'crlf\r\nline\r\n', E'\r',
    E'vertical\x0btab form\x0cfeed back\x08space bell\x07 esc\x1b[31mred\x1b[0m del\x7f',
    'it''s "quoted" ''twice'' ''''', '$$dollar$$ $tag$x$tag$', '''; DROP TABLE items; --',
    '\! touch /tmp/pwned', E'\n\\! touch /tmp/pwned', '\connect postgres',
    'COPY public.items FROM stdin;', '-- comment', '/* open', 'naïve café Zürich Ålesund ñandú',
    '日本語のテキスト', 'العربية من اليمين', 'עברית', 'ไทย', '한국어',
    E'emoji \U0001F600\U0001F622 \U0001F469\u200D\U0001F469\u200D\U0001F467 \U0001F1E9\U0001F1EA',
    E'zero\u200Bwidth\u200Cnon\u200Djoin\uFEFFbom', E'\uFEFFleading bom', E'combining e\u0301 or é',
    E'nbsp\u00A0line\u2028sep\u2029para', E'\u202Eoverride\u202C',
    E'max \U0010FFFF plane16 \U000F0000 nonchar \uFFFE \uFFFF', E'C1 \u0085 \u009F',
    E'next to surrogates \uD7FF \uE000', ' leading and trailing ', '   ', ',', 'a,b;c|d',
    '{"json": "\u0041", "n": null}', '<script>alert(1)</script>', '%s %d %n ${HOME} $(id) `id`',
    '\x41 \101 \b \f \v \t \r \0', '0', '1e999', 't', 'f']) WITH ORDINALITY AS nasties (text, n);

-- The text of a user: some phrases, now and then with a line, a link, a tab or another alphabet.
CREATE TEMPORARY VIEW odd AS
SELECT row_number() OVER (ORDER BY n) - 1 AS n, text
  FROM nasty WHERE text ~ '[^\x01-\x7f]' AND text !~ '\n';
CREATE TEMPORARY TABLE written AS
SELECT i AS n,
       CASE WHEN luck < 0.020 THEN said || ' ' || odd.text
            WHEN luck < 0.035 THEN replace(said, ', ', E'\n- ')
            WHEN luck < 0.045 THEN format('https://tracker.example.com/browse/PF-%s %s', i, said)
            WHEN luck < 0.050 THEN said || E'\t"' || left(said, 20) || '"'
            ELSE said END AS text
  FROM (SELECT i, pg_temp.chance(i) AS luck,
               upper(left(min(p.phrase) FILTER (WHERE place = 1), 1))
                 || substr(string_agg(p.phrase, ', ' ORDER BY place), 2) AS said
          FROM generate_series(1, pg_temp.amount(1000000, 200)) i
         CROSS JOIN LATERAL generate_series(
                 1, least(40, 1 + floor(exp(0.75 + 0.75 * sqrt(-2 * ln(pg_temp.chance(-i)))
                            * cos(2 * pi() * pg_temp.chance(i + 1))))::integer)) place
          JOIN phrase p
            ON p.n = pg_temp.pick(i::bigint * 64 + place, (SELECT count(*) FROM phrase))
         GROUP BY i) somebody
  LEFT JOIN odd ON odd.n = pg_temp.pick(i, (SELECT count(*) FROM odd)) AND luck < 0.020;
CREATE UNIQUE INDEX ON written (n);
ANALYZE written;

INSERT INTO admin_users (id, email, encrypted_password, reset_password_token,
                         reset_password_sent_at, sign_in_count, current_sign_in_at,
                         last_sign_in_at, current_sign_in_ip, last_sign_in_ip, created_at, updated_at)
SELECT i, format('admin%s@example.com', i), '$2a$12$' || pg_temp.letters(i, 53),
       CASE WHEN i % 2 = 0 THEN pg_temp.letters(-i, 20) END,
       CASE WHEN i % 2 = 0 THEN pg_temp.moment(i) END, pg_temp.pick(i, 900),
       pg_temp.moment(i + 5), pg_temp.moment(i + 10), format('10.244.0.%s', i), '::1',
       pg_temp.moment(i + 15), pg_temp.moment(i + 15)
  FROM generate_series(1, 5) i;

INSERT INTO users (id, email, name, created_at, updated_at, company_name)
SELECT i, format('user%s@example.com', i),
       ('{O''Brien,Müller,Nguyễn,李雷,Søren,"D\\\\''Arcy",Jane Doe,"John \"J\" Smith",Zoë}'
          ::text[])[1 + pg_temp.pick(i, 9)],
       pg_temp.moment(i), pg_temp.moment(i),
       (ARRAY[NULL, '', 'ACME\\Corp', 'Über GmbH'])[1 + pg_temp.pick(-i, 4)]
  FROM generate_series(1, pg_temp.amount(2000, 5)) i;

INSERT INTO archives (id, retro_id, created_at, updated_at)
SELECT i, 1 + pg_temp.pick(i, pg_temp.retros(5)), pg_temp.moment(i), pg_temp.moment(i)
  FROM generate_series(1, pg_temp.amount(20000, 10)) i;

-- Three texts of about a megabyte, and one that nothing makes much smaller.
INSERT INTO items (id, retro_id, description, category, vote_count, created_at, updated_at, done,
                   archived_at, archive_id, archived)
SELECT w.n, 1 + pg_temp.pick(w.n, pg_temp.retros(5)),
       CASE WHEN w.n BETWEEN 101 AND 103
            THEN (SELECT left(string_agg(phrase, ' ' ORDER BY pg_temp.pick(phrase.n + w.n, 1000000)),
                              50000)
                    FROM phrase) || repeat(w.text, 950000 / length(w.text)) || E'\\\t\n\U0001F600é'
            WHEN w.n = 104
            THEN (SELECT string_agg(pg_temp.letters(s, 86), '') FROM generate_series(1, 12193) s)
            ELSE coalesce(y.text, w.text) END,
       ('{happy,meh,sad}'::text[])[1 + pg_temp.pick(w.n + 1, 3)],
       floor(-2 * ln(pg_temp.chance(w.n + 2))), pg_temp.moment(w.n),
       pg_temp.moment(w.n + (pg_temp.pick(w.n, 10) / 7)), pg_temp.chance(w.n + 3) < 0.7,
       CASE WHEN archived THEN pg_temp.moment(w.n + 9) END,
       CASE WHEN archived THEN 1 + pg_temp.pick(w.n + 4, pg_temp.amount(20000, 10)) END, archived
  FROM written w
  LEFT JOIN nasty y ON y.n = w.n
 CROSS JOIN LATERAL (SELECT pg_temp.chance(w.n + 5) < 0.97) AS past (archived)
 ORDER BY w.n;

INSERT INTO action_items (id, retro_id, description, created_at, updated_at, done, archived_at,
                          archive_id, archived)
SELECT i, CASE WHEN i % 1000 > 0 THEN 1 + pg_temp.pick(-i, pg_temp.retros(5)) END,
       coalesce(y.text, w.text), pg_temp.moment(-i), pg_temp.moment(-i),
       pg_temp.chance(-i) < 0.6, CASE WHEN i % 5 > 0 THEN pg_temp.moment(-i - 1) END,
       CASE WHEN i % 5 > 0 THEN 1 + pg_temp.pick(i, pg_temp.amount(20000, 10)) END, i % 5 > 0
  FROM generate_series(1, pg_temp.amount(80000, 60)) i
  JOIN written w ON w.n = i
  LEFT JOIN nasty y ON y.n = i;

INSERT INTO retros (id, name, created_at, updated_at, encrypted_password, salt,
                    retro_item_end_time, video_link, user_id, is_private, slug, send_archive_email,
                    highlighted_item_id, join_token)
SELECT i, coalesce(y.text, 'Team ' || initcap(w.phrase)), pg_temp.moment(i), pg_temp.moment(i),
       CASE WHEN i % 5 < 3 THEN '$2a$12$' || pg_temp.letters(i, 53) END,
       CASE WHEN i % 5 < 3 THEN '$2a$12$' || pg_temp.letters(i, 22) END,
       CASE WHEN i % 10 > 6 THEN pg_temp.moment(i + 7) END,
       (ARRAY[NULL, '', 'https://video.example.com/j/' || i])[1 + pg_temp.pick(i, 3)],
       CASE WHEN i % 5 > 0 THEN 1 + pg_temp.pick(i, pg_temp.amount(2000, 5)) END,
       (ARRAY[NULL, true, false])[1 + pg_temp.pick(i + 1, 3)],
       format('team-%s-%s', i, pg_temp.pick(i, 9999)),
       (ARRAY[NULL, true, false])[1 + pg_temp.pick(i + 2, 3)],
       CASE WHEN i % 5 = 0 THEN 1 + pg_temp.pick(i, pg_temp.amount(1000000, 200)) END,
       CASE WHEN i % 2 = 0 THEN pg_temp.letters(i, 32) END
  FROM generate_series(1, pg_temp.retros(60)) i
  JOIN phrase w ON w.n = i
  LEFT JOIN nasty y ON y.n = i;

-- A next id of max + 8, but for users: max + 7, as that sequence has not been called.
SELECT setval('admin_users_id_seq', (SELECT max(id) + 7 FROM admin_users)),
       setval('retros_id_seq', (SELECT max(id) + 7 FROM retros)),
       setval('archives_id_seq', (SELECT max(id) + 7 FROM archives)),
       setval('items_id_seq', (SELECT max(id) + 7 FROM items)),
       setval('action_items_id_seq', (SELECT max(id) + 7 FROM action_items)),
       setval('users_id_seq', (SELECT max(id) + 7 FROM users), false);

DROP VIEW odd;
DROP TABLE written, nasty, phrase, word;
RESET synchronous_commit;
