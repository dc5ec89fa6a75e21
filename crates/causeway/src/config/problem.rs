//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A line of the file, from 1.
    Line(usize),
    /// An environment variable.
    Variable(String),
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// The line of the file, unless it came from the environment.
    pub(crate) line: Option<usize>,
    /// The environment variable it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) variable: Option<String>,
    /// The key, as `islands[1].rpc`; empty when it is about the file as a whole.
    pub(crate) key: String,
    /// What was expected and what came.
    pub(crate) problem: String,
}

impl Problem {
    pub(crate) fn at(origin: Origin, key: impl Into<String>, problem: impl Into<String>) -> Self {
        let (line, variable) = match origin {
            Origin::Line(line) => (Some(line), None),
            Origin::Variable(name) => (None, Some(name)),
        };
        Self { line, variable, key: key.into(), problem: problem.into() }
    }
}

/// Every problem of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) file: PathBuf,
    pub(crate) list: Vec<Problem>,
}

impl Problems {
    /// All of `list`, in the order of the file, each once.
    pub(crate) fn new(file: &Path, mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| {
            (a.line.unwrap_or(usize::MAX), &a.key).cmp(&(b.line.unwrap_or(usize::MAX), &b.key))
        });
        list.dedup();
        Self { file: file.to_path_buf(), list }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match (&problem.variable, problem.line) {
                (Some(variable), _) => write!(f, "{variable}: ")?,
                (None, Some(line)) => write!(f, "{file}:{line}: ")?,
                (None, None) => write!(f, "{file}: ")?,
            }
            if !problem.key.is_empty() {
                write!(f, "{}: ", problem.key)?;
            }
            f.write_str(&problem.problem)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
