//! Grafana's boards as the files have them.

use serde_json::Value;

use crate::harness::numbers::{text, whole};
use crate::harness::process::{read, repository};

/// Where the boards are, from the root of the repository.
const BOARDS: &str = "deploy/grafana/dashboards";
/// What a panel shows in good times, where its numbers begin with the first trouble.
const OR_NOTHING: &str = " or vector(0)";
/// What Grafana puts in by how often it is asked.
const INTERVAL: &str = "$__rate_interval";

/// One board.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) panels: Vec<Panel>,
}

/// One panel of it.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) unit: String,
    pub(super) source: String,
    pub(super) queries: Vec<String>,
    place: [u64; 4],
}

/// What one panel asks.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "read by who debugs: board and panel name the question")]
pub(super) struct Query {
    pub(super) board: String,
    pub(super) panel: String,
    pub(super) text: String,
}

impl Board {
    /// Every board there is, by name.
    pub(super) fn all() -> Vec<Self> {
        let directory = std::fs::read_dir(repository().join(BOARDS)).unwrap();
        let mut paths: Vec<_> = directory.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let parsed = paths.iter().map(|path| {
            let board: Value = serde_json::from_str(&read(path)).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let panels = board["panels"].as_array().unwrap().iter().map(Panel::parse).collect();
            Self { name, uid: text(&board["uid"]).to_owned(), panels }
        });
        parsed.collect()
    }

    /// Everything it asks.
    pub(super) fn queries(&self) -> Vec<Query> {
        let of = |panel: &Panel| {
            let (board, title) = (self.name.clone(), panel.title.clone());
            let query = move |text: &String| Query {
                board: board.clone(),
                panel: title.clone(),
                text: text.clone(),
            };
            panel.queries.iter().map(query).collect::<Vec<_>>()
        };
        self.panels.iter().flat_map(of).collect()
    }
}

impl Panel {
    fn parse(panel: &Value) -> Self {
        let of = |value: &Value| text(value).to_owned();
        let queries = panel["targets"].as_array().unwrap().iter();
        Self {
            title: of(&panel["title"]),
            description: of(&panel["description"]),
            unit: of(&panel["fieldConfig"]["defaults"]["unit"]),
            source: of(&panel["datasource"]["uid"]),
            queries: queries.map(|target| of(&target["expr"])).collect(),
            place: ["x", "y", "w", "h"].map(|side| whole(&panel["gridPos"][side])),
        }
    }

    /// The squares of the board that it covers.
    pub(super) fn cells(&self) -> impl Iterator<Item = (u64, u64)> {
        let [left, top, width, height] = self.place;
        (left..left + width).flat_map(move |x| (top..top + height).map(move |y| (x, y)))
    }
}

impl Query {
    /// The question without the nought that a panel shows instead of nothing.
    pub(super) fn asked(&self) -> String {
        self.text.strip_suffix(OR_NOTHING).unwrap_or(&self.text).replace(INTERVAL, "20s")
    }
}

/// The names of our numbers in an expression, those that rules work out among them.
pub(super) fn numbers_in(expression: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = expression.split(move |c| !is_name(c));
    words.filter(|word| word.starts_with("waxwing_") || word.starts_with("waxwing:"))
}
