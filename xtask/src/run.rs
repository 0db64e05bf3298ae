//! Starts other programs, with a clean environment, and decides where their output goes.
//!
//! *Invariant:* no program is started anywhere else in a way that hides its failure: a bad exit status is an error
//! that names the command line.

use crate::project::Project;
use anyhow::{Context, Result, bail};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

/// What every part needs: the project, and where output goes.
#[derive(Clone)]
pub(crate) struct Cx {
    pub(crate) project: Project,
    log: Option<Arc<File>>,
}

impl Cx {
    /// Output goes to the terminal.
    pub(crate) fn new(project: Project) -> Self {
        Self { project, log: None }
    }

    /// The same, with all output going to a file instead.
    pub(crate) fn logging_to(&self, path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { project: self.project.clone(), log: Some(Arc::new(file)) })
    }

    /// Tells the user what is being done and why.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        let line = format!("{}\n", text.as_ref());
        // A closed terminal or a full disk must not stop a build; the commands themselves report what matters.
        let _ = match &self.log {
            Some(file) => (&**file).write_all(line.as_bytes()),
            None => std::io::stdout().write_all(line.as_bytes()),
        };
    }

    /// A program, started in the checkout.
    pub(crate) fn cmd(&self, program: impl AsRef<OsStr>) -> Cmd<'_> {
        let mut command = Command::new(program);
        command.current_dir(self.project.root());
        clean(&mut command, &self.project);
        Cmd { cx: self, command }
    }

    /// Cargo of the toolchain the user chose.
    pub(crate) fn cargo(&self) -> Cmd<'_> {
        self.cmd("cargo")
    }

    fn stdio(&self) -> Result<(Stdio, Stdio)> {
        Ok(match &self.log {
            Some(file) => (file.try_clone()?.into(), file.try_clone()?.into()),
            None => (Stdio::inherit(), Stdio::inherit()),
        })
    }
}

/// A program about to be started.
pub(crate) struct Cmd<'a> {
    cx: &'a Cx,
    command: Command,
}

impl Cmd<'_> {
    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Removes an environment variable.
    pub(crate) fn env_remove(mut self, key: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(key);
        self
    }

    /// Puts a folder first in the search path.
    pub(crate) fn path_first(mut self, folder: &Path) -> Result<Self> {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&old));
        self.command.env("PATH", std::env::join_paths(all)?);
        Ok(self)
    }

    /// Sets the folder it is started in.
    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Runs it to the end; its output goes where the context says.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        if self.cx.log.is_some() {
            self.cx.say(format!("$ {line}"));
        }
        let (out, err) = self.cx.stdio()?;
        let status = self.command.stdin(Stdio::null()).stdout(out).stderr(err).status();
        let status = status.with_context(|| self.cannot_start())?;
        if !status.success() {
            bail!("`{line}` failed ({status})");
        }
        Ok(())
    }

    /// Runs it to the end and returns what it printed; an error carries what it complained about.
    pub(crate) fn output_text(mut self) -> Result<String> {
        let output = self.command.stdin(Stdio::null()).output().with_context(|| self.cannot_start())?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed ({})\n{}", self.line(), output.status, complaint.trim());
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{}` printed something other than text", self.line()))
    }

    /// The command as the standard library has it, for programs that stay running.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    fn cannot_start(&self) -> String {
        format!("cannot start `{}`; is it installed and on the PATH?", self.command.get_program().display())
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        words.map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// Is there such a program on the PATH?
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Cargo and rustup describe the toolchain that runs *this* program in the environment; what we start must not take
/// that for its own (another toolchain's cargo would otherwise call the wrong compiler and load the wrong libraries).
fn clean(command: &mut Command, project: &Project) {
    const OURS: [&str; 6] = ["CARGO", "RUSTC", "RUSTDOC", "RUST_RECURSION_COUNT", "RUSTUP_TOOLCHAIN_SOURCE", "OUT_DIR"];
    let described = |key: &str| {
        OURS.contains(&key)
            || key.starts_with("CARGO_PKG_")
            || key.starts_with("CARGO_MANIFEST_")
            || key == "CARGO_BIN_NAME"
    };
    for (key, _) in std::env::vars_os() {
        if key.to_str().is_some_and(described) {
            command.env_remove(key);
        }
    }
    let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") else { return };
    let rustup = std::env::var_os("RUSTUP_HOME").unwrap_or_else(|| OsString::from("/nonexistent"));
    let added = |dir: &Path| dir.starts_with(&rustup) || dir.starts_with(project.cargo_target());
    let kept: Vec<_> = std::env::split_paths(&libraries).filter(|dir| !added(dir)).collect();
    match std::env::join_paths(&kept) {
        Ok(value) if !value.is_empty() => command.env("LD_LIBRARY_PATH", value),
        _ => command.env_remove("LD_LIBRARY_PATH"),
    };
}
