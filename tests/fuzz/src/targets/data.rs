//! JSON from callers: read, written and read again it stays the same, and it is what another reader makes of it.

use serde_json::Value;
use weir_flow::{Data, query_data};

use super::RAW_KEY;
use crate::{Target, files, make};

pub(crate) const TARGET: Target = Target {
    name: "data",
    run,
    make: |random| make::value(random, 6).to_string().into_bytes(),
    seeds: || {
        ["github", "shopify", "stripe"]
            .iter()
            .flat_map(|who| files(&format!("examples/payloads/{who}"), &["json"]))
            .collect()
    },
    words: &[
        "[",
        "{\"a\":",
        "1e309",
        "-",
        "\\ud800",
        "\\u0000",
        "\"$serde_json::private::RawValue\"",
        "\u{feff}",
        "0",
        ".",
    ],
};

fn run(input: &[u8]) {
    if let Ok(query) = std::str::from_utf8(input) {
        let made = query_data(query);
        assert_eq!(Data::from_json(made.to_json().text().as_bytes()).as_ref(), Ok(&made), "a query is no JSON");
    }
    let Ok(data) = Data::from_json(input) else { return };
    let text = data.to_json();
    let again = Data::from_json(text.text().as_bytes());
    assert_eq!(again.as_ref(), Ok(&data), "what was read is not what is written");
    assert!(text.text().contains(RAW_KEY) || agrees(input, &data), "another reader of JSON sees another value");
    for (key, value) in data.entries().into_iter().flatten() {
        assert_eq!(data.get(&key).as_ref(), Some(&value), "an entry is not found by its key");
        let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        assert_eq!(data.pointer(&pointer), Some(value), "an entry is not found by its pointer");
    }
    let items = data.items().unwrap_or_default();
    assert!(
        items.iter().enumerate().all(|(at, item)| data.item(at).as_ref() == Some(item)),
        "an item is not at its place"
    );
}

fn agrees(input: &[u8], data: &Data) -> bool {
    serde_json::from_slice::<Value>(input).is_ok_and(|value| Data::from(&value) == *data)
}
