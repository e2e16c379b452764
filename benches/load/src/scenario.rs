//! The requests that are sent, and the same thing as SQL for PostgreSQL alone.

use anyhow::ensure;
use bytes::Bytes;
use fastrand::Rng;
use hyper::{Method, StatusCode};
use serde_json::Value;

/// How many items most runs begin with; their ids are 1 to this.
pub(crate) const ITEMS: u32 = 100_000;

/// Items on a page.
const PAGE: u32 = 50;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// `GET /item/{id}`, any of this number of items.
    Read(u32),
    /// `GET /item?limit=50`, after any of this number of items that is followed by a full page.
    Page(u32),
    /// `POST /item` with a name that is new.
    Create,
}

/// One request, and its expected response.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Bytes,
    pub(crate) status: StatusCode,
}

impl Ask {
    /// A GET that succeeds.
    pub(crate) fn get(path: impl Into<String>) -> Ask {
        Ask {
            method: Method::GET,
            path: path.into(),
            body: Bytes::new(),
            status: StatusCode::OK,
        }
    }
}

impl Scenario {
    /// Its name in a table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scenario::Read(_) => "`GET /item/{id}`",
            Scenario::Page(_) => "`GET /item?limit=50`",
            Scenario::Create => "`POST /item`",
        }
    }

    /// The next request. Names are 63 random bits: two alike would fail the run, once in eons.
    pub(crate) fn ask(self, random: &mut Rng) -> Ask {
        let name = match self {
            Scenario::Read(items) => return Ask::get(format!("/item/{}", random.u32(1..=items))),
            Scenario::Page(items) => {
                let after = random.u32(0..=items - PAGE);
                return Ask::get(format!("/item?limit={PAGE}&after={after}"));
            }
            Scenario::Create => format!("{{\"name\":\"load {}\"}}", random.i64(1..)),
        };
        Ask {
            method: Method::POST,
            path: "/item".to_owned(),
            body: name.into(),
            status: StatusCode::CREATED,
        }
    }

    /// Whether a response with the expected status has the expected body.
    pub(crate) fn check(self, ask: &Ask, response: &[u8]) -> anyhow::Result<()> {
        let json: Value = serde_json::from_slice(response)?;
        let data = &json["data"];
        let good = match self {
            Scenario::Read(_) => Some(data["id"].to_string()) == last_number(&ask.path, '/'),
            Scenario::Page(_) => {
                let after = last_number(&ask.path, '=').and_then(|after| after.parse::<i64>().ok());
                let items = data.as_array().map_or(&[][..], Vec::as_slice);
                items.len() == 50 && items[0]["id"].as_i64() == after.map(|after| after + 1)
            }
            Scenario::Create => {
                let sent: Value = serde_json::from_slice(&ask.body)?;
                data["name"] == sent["name"] && data["created_at"].is_string()
            }
        };
        ensure!(good, "{} {} returned {json}", ask.method, ask.path);
        Ok(())
    }

    /// The statement that the program sends for it, as a script of pgbench. Several statements are a pipeline.
    pub(crate) fn pgbench_script(self, statements: u32) -> String {
        let one = match self {
            Scenario::Read(items) => format!(
                "\\set id random(1, {items})\n\
                 SELECT id, name, created_at FROM item WHERE id = :id;\n"
            ),
            Scenario::Page(items) => format!(
                "\\set after random(0, {})\n\
                 SELECT id, name, created_at FROM item WHERE id > :after ORDER BY id LIMIT {};\n",
                items - PAGE,
                PAGE + 1
            ),
            Scenario::Create => format!(
                "\\set name random(1, {})\n\
                 INSERT INTO item (name) VALUES ('load ' || :name::text)\n\
                 ON CONFLICT (name) DO NOTHING RETURNING id, name, created_at;\n",
                i64::MAX - 1
            ),
        };
        if statements == 1 {
            return one;
        }
        let all = one.repeat(statements as usize);
        format!("\\startpipeline\n{all}\\endpipeline\n")
    }
}

fn last_number(path: &str, before: char) -> Option<String> {
    path.rsplit_once(before)
        .map(|(_, number)| number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_answer_passes_and_another_items_does_not() {
        let mut ask = Scenario::Read(9).ask(&mut Rng::with_seed(1));
        ask.path = "/item/7".to_owned();
        assert!(
            Scenario::Read(9)
                .check(&ask, br#"{"data":{"id":7}}"#)
                .is_ok()
        );
        assert!(
            Scenario::Read(9)
                .check(&ask, br#"{"data":{"id":8}}"#)
                .is_err()
        );
        assert!(Scenario::Read(9).check(&ask, b"{}").is_err());
    }

    #[test]
    fn a_page_must_be_full_and_begin_after_the_id_asked_for() {
        let mut ask = Scenario::Page(90).ask(&mut Rng::with_seed(1));
        ask.path = "/item?limit=50&after=0".to_owned();
        let page = |ids: std::ops::RangeInclusive<i64>| {
            let items: Vec<Value> = ids.map(|id| serde_json::json!({ "id": id })).collect();
            serde_json::json!({ "data": items }).to_string()
        };
        assert!(
            Scenario::Page(90)
                .check(&ask, page(1..=50).as_bytes())
                .is_ok()
        );
        assert!(
            Scenario::Page(90)
                .check(&ask, page(1..=49).as_bytes())
                .is_err()
        );
        assert!(
            Scenario::Page(90)
                .check(&ask, page(2..=51).as_bytes())
                .is_err()
        );
    }
}
