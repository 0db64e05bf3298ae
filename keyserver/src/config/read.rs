//! Flags, environment and file as one configuration.
//!
//! *Invariant:* a flag counts before the environment, that before the file, that before the default; a value that is wrong is
//! refused wherever it stands, also if another one would count.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use clap::{
    Arg, ArgMatches, Command, CommandFactory, FromArgMatches,
    builder::Resettable,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use super::{Config, file};

/// Why there is no configuration.
#[derive(Debug)]
pub enum Unreadable {
    /// A flag is wrong, or help was asked for: clap's own text and way to end.
    Flags(clap::Error),
    /// The environment or the file is wrong: the option, where its value comes from, and what is legal.
    Other(String),
}

/// A configuration, and from where each option of it comes.
pub struct Read {
    /// The configuration.
    pub config: Config,
    /// Option → `flag`, `environment VARIABLE`, `FILE line N` or `default`.
    pub origins: BTreeMap<String, String>,
}

/// Options that a file cannot have: they are about one call.
const NOT_IN_FILES: [&str; 5] = ["check", "config", "help", "url", "version"];

impl Config {
    /// Reads the command line, the environment and the file that either names. The first of `arguments` is the program.
    pub fn read(arguments: &[OsString]) -> Result<Read, Unreadable> {
        let command = Self::command();
        check_environment(&command)?;
        let entries = match file_of(&command, arguments) {
            Some(path) => file::read(&path).map_err(Unreadable::Other)?,
            None => Vec::new(),
        };
        check_entries(&command, &entries)?;
        let command = with_defaults(command, &entries);
        let matches = command.try_get_matches_from(arguments).map_err(Unreadable::Flags)?;
        let origins = origins(&matches, &entries);
        let config = Self::from_arg_matches(&matches).map_err(Unreadable::Flags)?;
        Ok(Read { config, origins })
    }
}

/// All commands that take options: `serve` without its name, and those with one.
fn commands(command: &Command) -> impl Iterator<Item = &Command> {
    [command].into_iter().chain(command.get_subcommands())
}

/// The option with this long name, wherever it is.
fn option<'a>(command: &'a Command, key: &str) -> Option<(&'a Command, &'a Arg)> {
    let in_one =
        |command: &'a Command| Some((command, command.get_arguments().find(|arg| arg.get_long() == Some(key))?));
    commands(command).find_map(in_one)
}

fn chosen(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, matches)| matches)
}

fn file_of(command: &Command, arguments: &[OsString]) -> Option<PathBuf> {
    // What else is wrong is reported when everything is read.
    let matches = command.clone().ignore_errors(true).try_get_matches_from(arguments).ok()?;
    chosen(&matches).try_get_one::<PathBuf>("config").ok().flatten().cloned()
}

fn check_environment(command: &Command) -> Result<(), Unreadable> {
    for arg in commands(command).flat_map(Command::get_arguments) {
        if let (Some(key), Some(name)) = (arg.get_long(), arg.get_env())
            && let Some(value) = std::env::var_os(name)
        {
            let origin = format!("environment {}", name.to_string_lossy());
            check(command, key, &[value], &origin)?;
        }
    }
    Ok(())
}

fn check_entries(command: &Command, entries: &[file::Entry]) -> Result<(), Unreadable> {
    for file::Entry { key, values, origin } in entries {
        let known = !NOT_IN_FILES.contains(&key.as_str()) && option(command, key).is_some();
        if !known {
            return Err(Unreadable::Other(format!("unknown option {key} ({origin}){}", suggestion(command, key))));
        }
        check(command, key, values, origin)?;
    }
    Ok(())
}

fn suggestion(command: &Command, key: &str) -> String {
    let tried = bare(command).try_get_matches_from([format!("--{key}")]);
    match tried.map_err(|error| error.get(ContextKind::SuggestedArg).cloned()) {
        Err(Some(ContextValue::String(flag))) => format!(": is {} meant?", flag.trim_start_matches('-')),
        _ => ": the options are those that --help lists, without the dashes".to_owned(),
    }
}

/// The same options with nothing but what is given to them.
fn bare(command: &Command) -> Command {
    let alone = command.clone().no_binary_name(true).disable_help_flag(true).disable_version_flag(true);
    alone.mut_args(|arg| arg.env(Resettable::Reset).required(false))
}

fn check(command: &Command, key: &str, values: &[OsString], origin: &str) -> Result<(), Unreadable> {
    let Some((command, arg)) = option(command, key) else { return Ok(()) };
    let flags = values.iter().map(|value| {
        let mut flag = OsString::from(format!("--{key}="));
        flag.push(value);
        flag
    });
    let Err(error) = bare(command).try_get_matches_from(flags) else { return Ok(()) };
    let why = match error.kind() {
        ErrorKind::ValueValidation => std::error::Error::source(&error).map_or_else(String::new, ToString::to_string),
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(legal)) if !legal.is_empty() => format!("one of {} is taken", legal.join(", ")),
            _ => "it has no value".to_owned(),
        },
        ErrorKind::ArgumentConflict if values.len() > 1 => "one value is taken".to_owned(),
        ErrorKind::InvalidUtf8 => "it is not text".to_owned(),
        // Seen when everything is read.
        _ => return Ok(()),
    };
    let meaning = arg.get_help().map(ToString::to_string).unwrap_or_default();
    // Not the value itself: what stands in the wrong place may be a secret.
    Err(Unreadable::Other(format!("wrong value for {key} ({origin}): {why}; it means: {meaning}")))
}

fn with_defaults(command: Command, entries: &[file::Entry]) -> Command {
    let from_file = |arg: Arg| match entries.iter().find(|entry| arg.get_long() == Some(&entry.key)) {
        Some(entry) => arg.default_values(entry.values.clone()),
        None => arg,
    };
    command.mut_args(from_file).mut_subcommands(|command| command.mut_args(from_file))
}

fn origins(matches: &ArgMatches, entries: &[file::Entry]) -> BTreeMap<String, String> {
    let name = match matches.subcommand() {
        Some((name, _)) => Config::command().find_subcommand(name).cloned(),
        None => Some(Config::command()),
    };
    let arguments: Vec<Arg> = name.iter().flat_map(Command::get_arguments).cloned().collect();
    let origin = |arg: &Arg| {
        let key = arg.get_long()?;
        let entry = entries.iter().find(|entry| entry.key == key);
        let origin = match chosen(matches).value_source(arg.get_id().as_str()) {
            Some(ValueSource::CommandLine) => "flag".to_owned(),
            Some(ValueSource::EnvVariable) => format!("environment {}", arg.get_env()?.to_string_lossy()),
            _ => entry.map_or_else(|| "default".to_owned(), |entry| entry.origin.clone()),
        };
        Some((key.to_owned(), origin))
    };
    arguments.iter().filter_map(origin).filter(|(key, _)| !NOT_IN_FILES.contains(&key.as_str())).collect()
}
