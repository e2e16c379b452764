//! Files of an app, for the tests.

pub(crate) const HOST: &str =
    r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"h"}}}"#;

/// A function with a timer, whose schedule is the setting `NIGHTLY`.
pub(crate) const TIMER: &str =
    r#"{"bindings":[{"type":"timerTrigger","name":"t","schedule":"%NIGHTLY%"}]}"#;
