-- Postfacto 4.3.11's tables as its migrations leave them, in the order in which Rails makes them.
-- Two columns were there once and are gone, which leaves holes in the catalogue.

CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
CREATE TABLE ar_internal_metadata (
    key        varchar NOT NULL PRIMARY KEY,
    value      varchar,
    created_at timestamp(6) NOT NULL,
    updated_at timestamp(6) NOT NULL
);

CREATE TABLE admin_users (
    id                     bigserial PRIMARY KEY,
    email                  varchar DEFAULT '' NOT NULL,
    encrypted_password     varchar DEFAULT '' NOT NULL,
    reset_password_token   varchar,
    reset_password_sent_at timestamp,
    remember_created_at    timestamp,
    sign_in_count          integer DEFAULT 0 NOT NULL,
    current_sign_in_at     timestamp,
    last_sign_in_at        timestamp,
    current_sign_in_ip     varchar,
    last_sign_in_ip        varchar,
    created_at             timestamp NOT NULL,
    updated_at             timestamp NOT NULL
);
CREATE UNIQUE INDEX index_admin_users_on_email ON admin_users (email);
CREATE UNIQUE INDEX index_admin_users_on_reset_password_token ON admin_users (reset_password_token);

CREATE TABLE users (
    id           bigserial PRIMARY KEY,
    email        varchar,
    name         varchar,
    created_at   timestamp NOT NULL,
    updated_at   timestamp NOT NULL,
    auth_token   varchar NOT NULL,
    company_name varchar
);
ALTER TABLE users DROP COLUMN auth_token;

CREATE TABLE retros (
    id                 bigserial PRIMARY KEY,
    name               text,
    created_at         timestamp NOT NULL,
    updated_at         timestamp NOT NULL,
    encrypted_password text,
    salt               text,
    retro_item_end_time timestamp,
    video_link         varchar,
    user_id            bigint,
    is_private         boolean,
    slug               varchar,
    send_archive_email boolean DEFAULT true
);
CREATE INDEX index_retros_on_user_id ON retros (user_id);
CREATE UNIQUE INDEX index_retros_on_slug ON retros (slug);

CREATE TABLE action_items (
    id          bigserial PRIMARY KEY,
    retro_id    bigint,
    description text NOT NULL,
    created_at  timestamp NOT NULL,
    updated_at  timestamp NOT NULL,
    done        boolean DEFAULT false NOT NULL,
    archived_at timestamp,
    archive_id  bigint,
    archived    boolean DEFAULT false NOT NULL
);
CREATE INDEX index_action_items_on_retro_id ON action_items (retro_id);
CREATE INDEX index_action_items_on_archive_id ON action_items (archive_id);

CREATE TABLE archives (
    id         bigserial PRIMARY KEY,
    retro_id   bigint,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL
);
CREATE INDEX index_archives_on_retro_id ON archives (retro_id);

-- Here alone archive_id is an integer.
CREATE TABLE items (
    id          bigserial PRIMARY KEY,
    retro_id    bigint,
    description text NOT NULL,
    category    text NOT NULL,
    vote_count  integer DEFAULT 0 NOT NULL,
    created_at  timestamp NOT NULL,
    updated_at  timestamp NOT NULL,
    done        boolean DEFAULT false NOT NULL,
    archived_at timestamp,
    archive_id  integer,
    archived    boolean DEFAULT false NOT NULL
);
CREATE INDEX index_items_on_retro_id ON items (retro_id);

ALTER TABLE retros ADD COLUMN highlighted_item_id bigint;
CREATE INDEX index_retros_on_highlighted_item_id ON retros (highlighted_item_id);
ALTER TABLE retros ADD CONSTRAINT fk_rails_11f18fdd80
    FOREIGN KEY (highlighted_item_id) REFERENCES items (id) ON DELETE SET NULL;
ALTER TABLE retros ADD COLUMN auth_token varchar;
ALTER TABLE retros DROP COLUMN auth_token;
ALTER TABLE retros ADD COLUMN join_token varchar;

INSERT INTO schema_migrations (version)
VALUES ('20171122095422'), ('20180313170630'), ('20181031154122'), ('20190306122214'),
       ('20190313150141'), ('20200617144551');
INSERT INTO ar_internal_metadata (key, value, created_at, updated_at)
VALUES ('environment', 'production', '2021-06-12 10:00:00', '2021-06-12 10:00:00');
