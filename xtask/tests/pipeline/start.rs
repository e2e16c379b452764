//! `cargo xtask start` with a host that cannot run the app.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::checkout::{Checkout, ended};

#[test]
fn core_tools_that_do_not_proxy_requests_are_rejected_before_the_build() {
    let checkout = Checkout::of(&[]);
    checkout.write("bin/func", "#!/bin/sh\necho 4.0.6594\n");
    let program = checkout.path("bin/func");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut start = checkout.xtask(&["start", "--host", "func"]);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [checkout.path("bin")]
        .into_iter()
        .chain(env::split_paths(&path));
    start.env("PATH", env::join_paths(folders).expect("no colon"));
    let words = ["4.0.6594", "4.1.0", "npm install", "--host devhost"];
    ended(&mut start).failed(&words);
}
