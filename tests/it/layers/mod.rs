//! Imports go from a lower layer to a higher one only, and the pure modules stay pure.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use scan::{code_of, crate_modules_named_in, names_path};

/// The modules, by layer: a module may import those of lower numbers and its own.
const LAYERS: [&[&str]; 9] = [
    &["operation"],
    &[
        "classify",
        "budget",
        "clock",
        "rng",
        "error",
        "origins",
        "concurrency",
        "hedge",
        "fixture",
    ],
    &["retry", "breaker"],
    &["event", "preset"],
    &["engine"],
    &["client", "metrics", "sse", "tower", "middleware", "store"],
    &["outbox", "ledger", "saga"],
    &["config"],
    &["testing"],
];

/// Modules that are given the time and a random number, and never ask.
const PURE: [&str; 7] = ["operation", "classify", "budget", "retry", "breaker", "event", "preset"];

/// The crate's own modules that a pure module must not import.
const IMPURE_MODULES: [&str; 2] = ["clock", "rng"];

/// What a pure module must not name.
const IMPURE_PATHS: [&str; 5] = ["tokio", "rand", "reqwest", "Instant::now", "SystemTime::now"];

/// The one place outside the test kit that may name it: the glue that plays a script.
const SCRIPT_GLUE: &str = "client/script.rs";

struct Source {
    /// Its path below `src`, with slashes.
    path: String,
    module: String,
    code: String,
    /// Top-level modules that it names.
    imports: BTreeSet<String>,
}

impl Source {
    fn new(path: &str, text: &str, roots: &BTreeMap<String, String>) -> Self {
        let code = code_of(text);
        let module = path.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let mut imports = crate_modules_named_in(&code, path);
        // `crate::Effect` means the module that the root re-exports it from.
        imports = imports
            .into_iter()
            .map(|name| roots.get(&name).cloned().unwrap_or(name))
            .collect();
        imports.remove(&module);
        Self {
            path: path.to_owned(),
            module,
            code,
            imports,
        }
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// Every import that goes the wrong way, and every module that has no layer.
fn wrong_imports(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources {
        let Some(own) = layer(&source.module) else {
            wrong.push(format!("{} has no layer", source.path));
            continue;
        };
        for import in &source.imports {
            let glue = source.path == SCRIPT_GLUE && import == "testing";
            match layer(import) {
                Some(other) if other <= own || glue => {}
                Some(_) => wrong.push(format!("{} imports {import} from below", source.path)),
                None => wrong.push(format!("{} names {import}, which has no layer", source.path)),
            }
        }
    }
    wrong
}

/// Modules that reach themselves through others.
fn cycles(sources: &[Source]) -> BTreeSet<String> {
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.path != SCRIPT_GLUE) {
        edges
            .entry(&source.module)
            .or_default()
            .extend(source.imports.iter().map(String::as_str));
    }
    let reaches_itself = |start: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
        while let Some(module) = next.pop() {
            for import in edges.get(module).into_iter().flatten() {
                if *import == start {
                    return true;
                }
                if seen.insert(*import) {
                    next.push(import);
                }
            }
        }
        false
    };
    edges
        .keys()
        .filter(|module| reaches_itself(module))
        .map(|module| (*module).to_owned())
        .collect()
}

/// Every pure file that names a clock, randomness, a runtime or a client.
fn impurities(sources: &[Source]) -> Vec<String> {
    let pure = sources.iter().filter(|source| PURE.contains(&source.module.as_str()));
    pure.flat_map(|source| {
        let paths = IMPURE_PATHS.iter().filter(|path| names_path(&source.code, path));
        let modules = IMPURE_MODULES.iter().filter(|module| source.imports.contains(**module));
        paths.chain(modules).map(|name| format!("{} names {name}", source.path))
    })
    .collect()
}

/// Everything that `lib.rs` re-exports, by name, with its module.
fn roots(lib: &str) -> BTreeMap<String, String> {
    let mut roots = BTreeMap::new();
    for statement in code_of(lib).split(';') {
        let Some((_, path)) = statement.split_once("pub use ") else {
            continue;
        };
        let Some((module, names)) = path.split_once("::") else {
            continue;
        };
        for name in names.trim_matches(['{', '}', ' ', '\n']).split(',') {
            roots.insert(name.trim().to_owned(), module.trim().to_owned());
        }
    }
    roots
}

fn sources() -> Vec<Source> {
    let src = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let roots = roots(&fs::read_to_string(src.join("lib.rs")).unwrap());
    let mut sources = Vec::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && path != src.join("lib.rs") {
                sources.push(Source::new(
                    &below(&src, &path),
                    &fs::read_to_string(&path).unwrap(),
                    &roots,
                ));
            }
        }
    }
    sources
}

fn below(src: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(src).unwrap().components();
    parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn imports_go_from_a_lower_layer_to_a_higher_one() {
    let sources = sources();
    assert!(sources.len() > 40, "the sources were not found");
    assert_eq!(wrong_imports(&sources), Vec::<String>::new());
}

#[test]
fn no_top_level_modules_import_each_other() {
    assert_eq!(cycles(&sources()), BTreeSet::new());
}

#[test]
fn the_pure_modules_name_no_clock_rng_runtime_or_client() {
    assert_eq!(impurities(&sources()), Vec::<String>::new());
}

/// Planted files, as if they were the crate.
fn planted(files: &[(&str, &str)]) -> Vec<Source> {
    let roots = roots("pub use client::{Client, ResponseExt};\npub use clock::Clock;");
    files
        .iter()
        .map(|(path, text)| Source::new(path, text, &roots))
        .collect()
}

#[test]
fn an_import_that_goes_the_wrong_way_is_found() {
    for (path, text) in [
        ("operation/key.rs", "use crate::client::Client;"),
        ("operation/key.rs", "use crate::{client::Client, operation::Effect};"),
        ("operation/key.rs", "fn f() { crate::engine::run() }"),
        ("operation/key.rs", "use super::super::retry::Backoff;"),
        ("operation/mod.rs", "use super::retry::Backoff;"),
        ("budget.rs", "use super::breaker::State;"),
        (
            "retry/attempts.rs",
            "use crate::{\n    classify::Verdict,\n    event::{Event, Observer},\n};",
        ),
        ("engine/run.rs", "use crate::Client;"),
        ("client/mod.rs", "use crate::testing::Script;"),
        ("novelty/mod.rs", "use crate::operation::Effect;"),
        ("engine/run.rs", "use crate::novelty::Thing;"),
    ] {
        assert_eq!(wrong_imports(&planted(&[(path, text)])).len(), 1, "{path}: {text}");
    }
}

#[test]
fn what_is_no_import_is_not_taken_for_one() {
    for (path, text) in [
        (
            "operation/key.rs",
            "/// See [`crate::client::Client`].\n//! crate::client\n/* use crate::client; */",
        ),
        (
            "operation/key.rs",
            r##"const A: &str = "use crate::client::Client; \" crate::engine"; const B: &str = r#"crate::client"#;"##,
        ),
        (
            "operation/key.rs",
            "#[cfg(test)]\nmod tests { use crate::client::Client; fn f() { '}'; \"}\"; } }",
        ),
        (
            "retry/attempts.rs",
            "use super::testing::Backoff; fn f<'a>(x: &'a str) -> char { 'x' }",
        ),
        ("engine/run.rs", "use crate::{classify::Verdict, clock::Clock};"),
        ("client/script.rs", "use crate::testing::Script;"),
        ("engine/run.rs", "fn f() { my_crate::client::g() }"),
    ] {
        assert_eq!(
            wrong_imports(&planted(&[(path, text)])),
            Vec::<String>::new(),
            "{path}: {text}"
        );
    }
}

#[test]
fn a_cycle_is_found() {
    let sources = planted(&[
        ("budget.rs", "use crate::origins::Origins;"),
        ("origins.rs", "use crate::error::Error;"),
        ("error/mod.rs", "use crate::budget::Budget;"),
        ("retry/mod.rs", "use crate::error::Error;"),
    ]);
    let found: Vec<_> = cycles(&sources).into_iter().collect();
    assert_eq!(found, ["budget", "error", "origins"]);
}

#[test]
fn an_impure_module_is_found() {
    for text in [
        "fn now() -> Instant { Instant::now() }",
        "fn now() -> Instant { std::time::Instant :: now() }",
        "use std::time::SystemTime; fn f() { SystemTime::now(); }",
        "use tokio::time;",
        "async fn f() { ::tokio::time::sleep(d).await }",
        "use rand::Rng;",
        "fn f(r: reqwest::Response) {}",
        "use crate::clock::Clock;",
        "use crate::{classify::Verdict, rng};",
        "use crate::Clock;",
    ] {
        assert_eq!(impurities(&planted(&[("retry/attempts.rs", text)])).len(), 1, "{text}");
    }
    let innocent = "/// Ask `Instant::now`.\nfn f(now: Instant, operand: u8, brand: Brand) { strand::x() }";
    assert_eq!(
        impurities(&planted(&[("retry/attempts.rs", innocent)])),
        Vec::<String>::new()
    );
    assert_eq!(
        impurities(&planted(&[("clock.rs", "Instant::now()")])),
        Vec::<String>::new()
    );
}
