//! What the key server could not beat: HTTP, JSON and one encryption alone, and one durable row a commit alone.
//!
//! *Invariant:* does as little as a server that wraps, or a journal, can do; it checks no token, keeps no key and records nothing that anybody reads.

mod commits;
mod serve;

use std::{path::Path, process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["serve"] => serve::run().map_err(|error| error.to_string()),
        ["commits", folder, seconds] => match seconds.parse() {
            Ok(seconds) => {
                commits::run(Path::new(folder), Duration::from_secs(seconds)).map_err(|error| error.to_string())
            }
            Err(_) => Err("the time is not a number of seconds".to_owned()),
        },
        _ => Err("say `serve`, or `commits FOLDER SECONDS`".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
