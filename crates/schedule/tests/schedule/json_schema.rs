//! `docs/scale.schema.json` and the program, compared on the same files.

use boon::{Compiler, SchemaIndex, Schemas};
use schedule::Configuration;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../../docs/scale.schema.json");

/// Every key, once.
const WHOLE: &str = r#"
mode = "shadow"
changes_per_hour = 3

[calendar.berlin]
dates = ["2026-12-25"]
files = ["berlin.ics"]

[target.web]
resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/web"
mode = "enforce"
changes_per_hour = 4
zone = "Europe/Berlin"
size = { min = 1, max = 2 }
bounds = { min = 1, max = 9 }
holidays = { calendars = ["berlin"], size = 1 }

[[target.web.weekly]]
name = "work day"
days = "Mon-Fri"
from = "08:00"
to = "16:00"
size = 4

[[target.web.weekly]]
name = "weekend"
from = "Fri 22:00"
to = "Mon 24:00"
size = 2

[[target.web.dated]]
name = "feast"
from = "2026-12-24 18:00"
to = "2026-12-26"
size = 2
"#;

struct Validators {
    schemas: Schemas,
    schema: SchemaIndex,
}

impl Validators {
    fn new() -> Validators {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let resource = compiler.add_resource("scale.schema.json", schema());
        resource.expect("its address is good");
        let schema = compiler.compile("scale.schema.json", &mut schemas);
        Validators {
            schema: schema.unwrap_or_else(|error| panic!("{error:#}")),
            schemas,
        }
    }

    fn by_schema(&self, file: &Value) -> Result<(), String> {
        let validated = self.schemas.validate(file, self.schema);
        validated.map_err(|error| format!("{error:#}"))
    }
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("JSON")
}

fn by_program(text: &str) -> Result<(), String> {
    let read = Configuration::parse(text);
    read.map(drop).map_err(|error| error.to_string())
}

fn value(text: &str) -> Value {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// As TOML, with one line for each table of the file.
fn written(file: &Value) -> String {
    let members = file.as_object().expect("a file is a table");
    let lines = members.iter();
    let lines = lines.map(|(key, value)| format!("{key:?} = {}", inline(value)));
    lines.collect::<Vec<_>>().join("\n")
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(key, value)| format!("{key:?} = {}", inline(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        plain => plain.to_string(),
    }
}

/// Good or bad for both, or for one of them only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
    /// The check needs more than the form: the names of zones, two values, the lengths of years.
    BadForTheProgram,
    /// The program accepts a form that the schema does not offer.
    BadForTheSchema,
}

#[test]
fn schema_and_program_agree_on_good_and_bad_files() {
    use Verdict::{Bad, BadForTheProgram, BadForTheSchema, Good};
    let weekly = |text: &str| format!("{HEAD}[[target.web.weekly]]\nsize = 2\n{text}\n");
    let dated = |from: &str, to: &str| {
        format!("{HEAD}[[target.web.dated]]\nsize = 2\nfrom = \"{from}\"\nto = \"{to}\"\n")
    };
    let validators = Validators::new();
    for (text, expected) in [
        (String::new(), Good),
        (WHOLE.to_owned(), Good),
        (include_str!("../../../../scale.toml").to_owned(), Good),
        ("mode = \"observe\"".to_owned(), Bad),
        ("changes_per_hour = -1".to_owned(), Bad),
        ("zone = \"UTC\"".to_owned(), Bad),
        (HEAD.replace("web", "Web"), Bad),
        (HEAD.replace("web", "w-2"), Good),
        (HEAD.replace("UTC", "Europe/Berln"), BadForTheProgram),
        (HEAD.replace("size = 1", "size = { min = 1 }"), Bad),
        (
            HEAD.replace("size = 1", "size = { min = 2, max = 1 }"),
            BadForTheProgram,
        ),
        (HEAD.replace("size = 1", "size = 4294967295"), Good),
        (HEAD.replace("size = 1", "size = 4294967296"), Bad),
        (weekly("days = \"Mon\""), Good),
        (weekly("days = \"Fri-Mon,Wed\"\nto = \"24:00\""), Good),
        (weekly("days = \"monday\""), BadForTheSchema),
        (weekly("days = \"Mon-Fry\""), Bad),
        (weekly("days = \"\""), Bad),
        (weekly("days = \"Mon\"\nfrom = \"8:00\""), Bad),
        (weekly("days = \"Mon\"\nfrom = \"24:00\""), Bad),
        (weekly("days = \"Mon\"\nto = \"24:01\""), Bad),
        (weekly("days = \"Mon\"\nfrom = \"Fri 08:00\""), Bad),
        (weekly("from = \"08:00\"\nto = \"16:00\""), Bad),
        (weekly("from = \"Fri 08:00\""), Bad),
        (weekly("from = \"Fri 08:00\"\nto = \"Mon 24:00\""), Good),
        (
            weekly("from = \"fri 08:00\"\nto = \"Mon 24:00\""),
            BadForTheSchema,
        ),
        (weekly("days = \"Mon\"\nform = \"08:00\""), Bad),
        (weekly("days = \"Mon\"\nfrom = 08:00:00"), Bad),
        (dated("2026-12-24", "2026-12-26"), Good),
        (dated("2026-12-24 18:00", "2026-12-26 24:00"), Good),
        (dated("2026-12-24T18:00", "2026-12-26"), BadForTheSchema),
        (dated("12-24 18:00", "01-02"), Good),
        (dated("2026-12-24", "12-26"), Bad),
        (dated("12-24", "2026-12-26"), Bad),
        (dated("2026-12-24 24:00", "2026-12-26"), Bad),
        (dated("2026-02-30", "2026-03-01"), Bad),
        (dated("2026-02-29", "2026-03-01"), BadForTheProgram),
        (dated("2028-02-29", "2028-03-01"), Good),
        (dated("02-29", "03-01"), Bad),
        (dated("1969-12-31", "1970-01-02"), Bad),
        (dated("24.12.2026", "26.12.2026"), Bad),
    ] {
        let found = match (by_program(&text), validators.by_schema(&value(&text))) {
            (Ok(()), Ok(())) => Good,
            (Err(_), Err(_)) => Bad,
            (Err(_), Ok(())) => BadForTheProgram,
            (Ok(()), Err(_)) => BadForTheSchema,
        };
        assert_eq!(found, expected, "{text}");
    }
}

const HEAD: &str = "[target.web]\nzone = \"UTC\"\nsize = 1\nbounds = { min = 1, max = 4 }\n";

#[test]
fn schema_and_program_agree_on_missing_keys_and_other_types() {
    let whole = value(WHOLE);
    let validators = Validators::new();
    let mut compared = 0;
    for path in paths(&whole) {
        let missing = without(&whole, &path);
        let others = [
            json!(-1),
            json!(1.5),
            json!(true),
            json!("?"),
            json!([0]),
            json!({ "?": 0 }),
        ];
        let others = others.into_iter().map(|other| with(&whole, &path, other));
        for file in others.chain([missing]) {
            let (program, schema) = (by_program(&written(&file)), validators.by_schema(&file));
            // The schema accepts any text here.
            let is_free = path.ends_with("/zone");
            let agree = program.is_ok() == schema.is_ok() || is_free;
            assert!(agree, "{path}: {program:?}, {schema:?}\n{}", written(&file));
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared} files");
}

/// Each place in a file, as a JSON pointer.
fn paths(value: &Value) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, it)| (key.clone(), it)).collect(),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(place, it)| (place.to_string(), it)).collect()
        }
        _ => Vec::new(),
    };
    let below = below.into_iter().flat_map(|(key, it)| {
        let deeper = paths(it).into_iter().map(|path| format!("/{key}{path}"));
        let here = vec![format!("/{key}")];
        here.into_iter().chain(deeper).collect::<Vec<_>>()
    });
    below.collect()
}

fn with(file: &Value, path: &str, value: Value) -> Value {
    let mut file = file.clone();
    *file.pointer_mut(path).expect("it is there") = value;
    file
}

fn without(file: &Value, path: &str) -> Value {
    let mut file = file.clone();
    let (parent, key) = path.rsplit_once('/').expect("a path begins with one");
    match file.pointer_mut(parent).expect("it is there") {
        Value::Object(members) => drop(members.remove(key)),
        Value::Array(items) => drop(items.remove(key.parse().expect("a place"))),
        other => panic!("{other} has no members"),
    }
    file
}

#[test]
fn program_and_schema_have_the_same_keys() {
    let schema = schema();
    for (path, definition) in [
        ("", ""),
        ("/calendar/berlin", "/$defs/calendar"),
        ("/target/web", "/$defs/target"),
        ("/target/web/size", "/$defs/bounds"),
        ("/target/web/bounds", "/$defs/bounds"),
        ("/target/web/holidays", "/$defs/holidays"),
        ("/target/web/weekly/0", "/$defs/weekly"),
        ("/target/web/dated/0", "/$defs/dated"),
    ] {
        let mut file = value(WHOLE);
        file.pointer_mut(path).expect("it is there")["unknown"] = json!(1);
        let rejected = by_program(&written(&file)).expect_err(path);
        let (_, known) = rejected.split_once("; the keys here are ").expect(path);
        let mut by_program: Vec<&str> = known.split(", ").collect();
        let properties = schema.pointer(definition).map(|it| &it["properties"]);
        let properties = properties.and_then(Value::as_object).expect(definition);
        let mut by_schema: Vec<&str> = properties.keys().map(String::as_str).collect();
        by_program.sort_unstable();
        by_schema.sort_unstable();
        assert_eq!(by_program, by_schema, "{path}");
    }
}
