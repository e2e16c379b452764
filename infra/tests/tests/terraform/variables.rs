//! Bootstrap and the files of values set the variables of an environment.

use std::collections::BTreeSet;
use std::fs;

use infra_tests::checkout;

use crate::plan::BOOTSTRAP;

/// The variables that a file of Terraform declares: name, and whether it has a default.
fn declared(file: &str) -> Vec<(String, bool)> {
    let text = read(file);
    let blocks = text
        .split("\nvariable \"")
        .map(|block| block.trim_start_matches("variable \""));
    blocks
        .filter_map(|block| {
            let name = block.split('"').next()?;
            Some((name.to_owned(), block.contains("\n  default ")))
        })
        .collect()
}

/// The variables that a file of values sets.
fn set(file: &str) -> BTreeSet<String> {
    let text = read(file);
    let lines = text
        .lines()
        .filter(|line| !line.starts_with(['#', ' ', '}']));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().to_owned())
        .collect()
}

fn read(file: &str) -> String {
    let path = checkout().join("infra/terraform").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}

fn of_bootstrap(environment: &str) -> BTreeSet<String> {
    let values = BOOTSTRAP.output("environments")[environment].as_object();
    let values = values.expect("bootstrap has an output for each environment");
    values.keys().cloned().collect()
}

#[test]
fn bootstrap_and_the_files_of_values_set_the_variables_of_an_environment() {
    let variables = declared("environment/variables.tf");
    for environment in ["prod", "test"] {
        let mut given = of_bootstrap(environment);
        let own = set(&format!("environment/{environment}.tfvars"));
        let twice: Vec<_> = own.intersection(&given).collect();
        assert!(
            twice.is_empty(),
            "{environment}.tfvars sets {twice:?}, which bootstrap gives"
        );
        given.extend(own);
        let all: BTreeSet<_> = variables.iter().map(|(name, _)| name.clone()).collect();
        let unknown: Vec<_> = given.difference(&all).collect();
        assert!(
            unknown.is_empty(),
            "variables.tf does not declare {unknown:?} of {environment}"
        );
        let needed = variables.iter().filter(|(_, has_default)| !has_default);
        let missing: Vec<_> = needed.filter(|(name, _)| !given.contains(name)).collect();
        assert!(
            missing.is_empty(),
            "no file sets {missing:?} of {environment}"
        );
    }
}

#[test]
fn the_example_of_bootstrap_sets_the_required_variables() {
    let given = set("bootstrap/terraform.tfvars.example");
    let needed = declared("bootstrap/variables.tf").into_iter();
    let needed = needed.filter(|(_, has_default)| !has_default);
    assert_eq!(given, needed.map(|(name, _)| name).collect());
}
