//! Lists the Go sources of the gateway chaincode and its applications, for the crate to carry.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Folders of the module that its programs are not built from.
const LEFT_OUT: [&str; 2] = ["internal", "testdata"];

fn main() -> io::Result<()> {
    let variable = |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(name));
    let module = variable("CARGO_MANIFEST_DIR")?.join("../gateway").canonicalize()?;
    println!("cargo:rerun-if-changed={}", module.display());
    let mut files = Vec::new();
    list(&module, &mut files)?;
    files.sort();
    let mut text = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&module).map_err(io::Error::other)?.display().to_string();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    ({name:?}, include_bytes!({:?})),", file.display().to_string());
    }
    text.push_str("]\n");
    fs::write(variable("OUT_DIR")?.join("gateway.rs"), text)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !LEFT_OUT.contains(&name.as_str()) {
                list(&path, files)?;
            }
        } else if name == "go.mod" || name == "go.sum" || is_source(&path, &name) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_source(path: &Path, name: &str) -> bool {
    path.extension().is_some_and(|extension| extension == "go") && !name.ends_with("_test.go")
}
