//! A private PostgreSQL for people and for tests
