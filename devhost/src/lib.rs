//! A local Functions host for custom handlers
