//! The one table of who may use whom, and its check against `cargo metadata`.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::shell;

/// Each room and the rooms it may use. Dev-dependencies are free: tests may reach down where code may not.
const ROOMS: &[(&str, &[&str])] = &[
    ("weir-model", &[]),
    ("weir-flow", &["weir-model"]),
    ("weir-store", &["weir-model"]),
    ("weir-sandbox", &["weir-model"]),
    ("weir-vault", &["weir-model"]),
    ("weir-cluster", &["weir-model", "weir-store"]),
    ("weir-catalog", &["weir-model", "weir-flow", "weir-sandbox", "weir-vault", "weir-cluster"]),
    (
        "weir-engine",
        &["weir-model", "weir-flow", "weir-store", "weir-sandbox", "weir-vault", "weir-cluster", "weir-catalog"],
    ),
    ("weir-ingress", &["weir-model", "weir-vault", "weir-catalog", "weir-engine"]),
    ("weir-admin", &["weir-model", "weir-vault", "weir-catalog", "weir-engine"]),
];

/// Crates that only some rooms may name.
const ONLY_HERE: &[(&str, &[&str])] = &[
    ("minijinja", &["weir-flow"]),
    ("saphyr-parser", &["weir-flow"]),
    ("rocksdb", &["weir-store"]),
    ("wasmtime", &["weir-sandbox"]),
    ("wasmtime-wasi", &["weir-sandbox"]),
    ("chacha20poly1305", &["weir-vault"]),
    ("axum", &["weir-admin"]),
    ("utoipa", &["weir-admin"]),
    ("hyper-util", &["weir-ingress", "weir-admin", "weir-bench"]),
    ("anyhow", &["weir", "xtask", "weir-bench", "weir-tests"]),
    ("clap", &["weir", "xtask"]),
];

/// What in the workspace breaks the table.
pub(crate) fn broken() -> Result<Vec<String>> {
    let metadata = shell::output("cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("cargo metadata lists no packages")?;
    let mut broken = Vec::new();
    for package in packages {
        let name = text(package, "name");
        for dependency in package.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            // `kind` is null for a normal dependency.
            if dependency.get("kind").is_none_or(Value::is_null) {
                broken.extend(check(name, text(dependency, "name")));
            }
        }
    }
    Ok(broken)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn check(room: &str, uses: &str) -> Option<String> {
    let owners = ONLY_HERE.iter().find(|(name, _)| *name == uses);
    if let Some((_, rooms)) = owners.filter(|(_, rooms)| !rooms.contains(&room)) {
        return Some(format!("{room} uses {uses}, which belongs to {}", rooms.join(" and ")));
    }
    let (_, allowed) = ROOMS.iter().find(|(name, _)| *name == room)?;
    let is_room = ROOMS.iter().any(|(name, _)| *name == uses);
    (is_room && !allowed.contains(&uses)).then(|| format!("{room} uses {uses}, which the table does not allow"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lets_rooms_use_only_what_is_below_them() {
        assert_eq!(check("weir-ingress", "weir-engine"), None);
        assert!(check("weir-ingress", "weir-store").is_some());
        assert!(check("weir-model", "weir-flow").is_some());
        assert!(check("weir-engine", "rocksdb").is_some());
        assert_eq!(check("weir", "weir-store"), None);
        for (at, (room, uses)) in ROOMS.iter().enumerate() {
            for used in *uses {
                let place = ROOMS.iter().position(|(name, _)| name == used);
                assert!(
                    place.is_some_and(|place| place < at),
                    "{room} uses {used}, which is not above it in the table"
                );
            }
        }
    }
}
