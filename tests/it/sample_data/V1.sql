INSERT INTO item (name)
VALUES ('plain ' || gen_random_uuid()),
       ('Zażółć 漢字 🦀 ' || gen_random_uuid()),
       (rpad(gen_random_uuid()::text, 255, '.'));
