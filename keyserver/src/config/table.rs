//! The table of all options, for the documents.
//!
//! *Invariant:* made from what the command line is read by, so that it cannot say anything else.

use std::fmt::Write;

use clap::{Arg, CommandFactory};

use super::Config;

/// All options of `serve` as a table in Markdown: name, variable, default, meaning.
pub fn options() -> String {
    let mut table = String::from("| option and key | environment | default | |\n|---|---|---|---|\n");
    let command = Config::command();
    for arg in command.get_arguments() {
        if let (Some(key), Some(name)) = (arg.get_long(), arg.get_env()) {
            let value = match arg.get_value_names() {
                Some([value, ..]) => format!(" {value}"),
                _ => String::new(),
            };
            let (name, default, meaning) = (name.to_string_lossy(), default(arg), meaning(arg));
            // Writing to a text cannot fail.
            let _ = writeln!(table, "| `--{key}{value}` | `{name}` | {default} | {meaning} |");
        }
    }
    table
}

fn default(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if values.is_empty() { String::new() } else { format!("`{}`", values.join(",")) }
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    help.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
