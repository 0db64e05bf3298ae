//! The stories of `stories/`, each told with IBM's Node and Python SDKs to a server of its own.
//!
//! The names of the first ones are the founding document's: its steps 1 to 4, then "Working with customer-managed keys".

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Output},
    thread,
};

use crate::{beside, process::Running, trees};

macro_rules! stories {
    ($($name:ident)+) => {
        $(#[test] fn $name() { tell(stringify!($name)); })+
        const STORIES: &[&str] = &[$(stringify!($name)),+];
    };
}

stories! {
    step_2_create_a_root_key
    step_2_import_a_root_key
    step_3_grant_service_access
    rotating_keys
    permanently_prevent_access_to_your_data
    access_of_a_service_id
    aliases
    key_rings
    registrations
    import_tokens
    what_live_tests_expect
    two_root_keys
    policies_of_an_instance
    network_of_an_instance
    deletion_by_two_people
}

#[test]
fn every_file_is_told() {
    let files = fs::read_dir(beside("stories")).expect("stories").map(|file| file.expect("a file").path());
    let told: BTreeSet<_> = files.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    let helpers = ["clients", "clients_2"];
    for name in told.iter().filter(|name| !helpers.contains(&name.as_str())) {
        assert!(STORIES.iter().any(|story| name.starts_with(story)), "nobody tells {name}");
    }
}

/// Tells the story in each language it is written in, at the same time.
fn tell(name: &str) {
    let data = tempfile::tempdir().expect("a directory");
    let server = Running::start(data.path());
    let tellings: Vec<_> = tellings(name).collect();
    assert!(!tellings.is_empty(), "there is no story {name}");
    thread::scope(|scope| {
        let told: Vec<_> =
            tellings.into_iter().map(|(file, story)| (file, scope.spawn(|| listen(&server, story)))).collect();
        for (file, story) in told {
            let output = story.join().expect("told");
            assert!(output.status.success(), "{file}:\n{}", String::from_utf8_lossy(&output.stderr));
        }
    });
    let (status, _) = server.stop();
    assert!(status.success(), "stopped with {status}");
}

/// Which files tell a story, and what runs them: `.mjs` with both Node SDKs, `.py` with both newer Python SDKs, `_2.py` with the
/// older one.
fn tellings(name: &str) -> impl Iterator<Item = (String, Command)> {
    let trees = trees();
    let node = Command::new("node");
    let mut python = Command::new(trees.join("python-keyprotect-3/bin/python"));
    python.env("PYTHONPATH", site_packages());
    let python_2 = Command::new(trees.join("python-keyprotect-2/bin/python"));
    [("mjs", node), ("py", python), ("2.py", python_2)].into_iter().filter_map(move |(ending, mut program)| {
        let separator = if ending == "2.py" { '_' } else { '.' };
        let file = format!("{name}{separator}{ending}");
        let path = beside("stories").join(&file);
        program.arg(&path).env("PYTHONDONTWRITEBYTECODE", "1");
        path.is_file().then_some((file, program))
    })
}

/// Where the tree of the platform SDK has its packages, for a story that uses it beside another SDK.
fn site_packages() -> std::path::PathBuf {
    let lib = trees().join("python-platform-services/lib");
    let versions = fs::read_dir(&lib).unwrap_or_else(|_| panic!("{} is not there", lib.display()));
    let version = versions.flatten().next().expect("one version of Python");
    version.path().join("site-packages")
}

fn listen(server: &Running, mut story: Command) -> Output {
    for field in ["url", "api_key", "account", "instance", "region"] {
        story.env(format!("ENVELOCK_{}", field.to_uppercase()), server.said(field));
    }
    story.output().expect("the story runs")
}
