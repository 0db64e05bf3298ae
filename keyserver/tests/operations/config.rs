//! Options from flags, the environment and a file: which one counts, and what is said of a wrong one.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const TABLE_BEGIN: &str = "<!-- options -->\n";
const TABLE_END: &str = "<!-- end of options -->";

fn handbook() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md")
}

/// `serve --check` with a configuration file, flags and variables.
fn check(folder: &Path, file: &str, flags: &[&str], variables: &[(&str, &str)]) -> Output {
    let path = folder.join("keyserver.toml");
    fs::write(&path, file).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ENVELOCK_")) {
        command.env_remove(name);
    }
    command.args(["serve", "--check", "--config"]).arg(path).args(flags);
    command.env("ENVELOCK_DATA", folder.join("data")).envs(variables.iter().copied()).output().expect("it runs")
}

fn told(output: &Output) -> (bool, String) {
    let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    (output.status.success(), text)
}

#[test]
fn a_flag_counts_before_the_environment_that_before_the_file_and_that_before_the_default() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = "# comment\nregion = \"eu-de\"\nfree-root-keys = 7\noutput = \"json\"\n";
    let output = check(folder.path(), file, &["--region", "eu-gb"], &[("ENVELOCK_OUTPUT", "text")]);
    let (good, text) = told(&output);
    assert!(good, "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.contains(&"region: flag"), "{text}");
    assert!(lines.contains(&"output: environment ENVELOCK_OUTPUT"), "{text}");
    assert!(
        lines.iter().any(|line| line.starts_with("free-root-keys: ") && line.ends_with("keyserver.toml line 3")),
        "{text}"
    );
    assert!(!text.contains("listen:"), "what is left at its default is not listed: {text}");
    assert!(!folder.path().join("data").exists(), "a check makes nothing");
}

#[test]
fn the_value_of_the_file_is_the_one_that_is_used() {
    let folder = tempfile::tempdir().expect("a directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let file = format!(
        "listen = \"{address}\"\nbehind-tls-proxy = true\ntrusted-proxies = [\"10.0.0.0/8\", \"192.0.2.0/24\"]\n"
    );
    let (good, text) = told(&check(folder.path(), &file, &[], &[]));
    assert!(good && text.contains(&format!("--listen {address} is in use")), "{text}");
    let everywhere = "listen = \"0.0.0.0:0\"\nbehind-tls-proxy = true\n";
    assert!(told(&check(folder.path(), everywhere, &[], &[])).0);
    let (good, text) = told(&check(folder.path(), everywhere, &["--behind-tls-proxy=false"], &[]));
    assert!(!good && text.contains("--behind-tls-proxy"), "a flag takes back what the file says: {text}");
}

#[test]
fn a_wrong_value_is_refused_with_its_name_its_origin_and_what_is_legal() {
    let folder = tempfile::tempdir().expect("a directory");
    let refused = |file: &str, flags: &[&str], variables: &[(&str, &str)], parts: &[&str]| {
        let (good, text) = told(&check(folder.path(), file, flags, variables));
        assert!(!good, "{text}");
        for part in parts {
            assert!(text.contains(part), "no {part:?} in {text:?}");
        }
    };
    refused("\nlisten = \"here\"", &[], &[], &["listen", "keyserver.toml line 2", "Address to listen on"]);
    refused("free-root-keys = -1", &[], &[], &["free-root-keys", "line 1", "invalid digit"]);
    refused("free-root-keys = { a = 1 }", &[], &[], &["free-root-keys", "line 1", "a text, a number"]);
    refused("output = \"xml\"", &[], &[], &["output", "line 1", "one of text, json"]);
    refused("region = [\"eu-de\", \"eu-gb\"]", &[], &[], &["region", "line 1", "one value"]);
    refused("trusted-proxies = [\"10.0.0.0/8\", \"x\"]", &[], &[], &["trusted-proxies", "line 1"]);
    refused(
        "",
        &[],
        &[("ENVELOCK_FREE_ROOT_KEYS", "many")],
        &["free-root-keys", "environment ENVELOCK_FREE_ROOT_KEYS"],
    );
    refused("", &["--free-root-keys=many"], &[], &["--free-root-keys", "many"]);
    // One that would not count is wrong all the same.
    refused("region = \"EU\"", &["--region", "eu-de"], &[], &["region", "line 1", "lower-case"]);
}

#[test]
fn options_that_belong_together_may_stand_in_different_places_and_none_may_be_left_out() {
    let folder = tempfile::tempdir().expect("a directory");
    let (pin, module) = (folder.path().join("pin"), folder.path().join("module.so"));
    fs::write(&pin, "31415926\n").expect("written");
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).expect("set");
    fs::write(&module, "").expect("written");
    let file = format!("pkcs11-module = \"{}\"\npkcs11-token-label = \"envelock\"\n", module.display());
    // As under systemd, where the PIN is a credential.
    let credential = [("ENVELOCK_PKCS11_PIN_FILE", pin.to_str().expect("text"))];
    let (good, text) = told(&check(folder.path(), &file, &[], &credential));
    assert!(good, "{text}");
    for (file, flags) in
        [(&*file, &[][..]), ("", &["--pkcs11-pin-file=/no/such/pin"]), ("", &["--pkcs11-token-label=x"])]
    {
        let (good, text) = told(&check(folder.path(), file, flags, &[]));
        assert!(!good && text.contains("pkcs11-module, pkcs11-token-label and pkcs11-pin-file"), "{text}");
    }
    for flag in ["--gateway-url=https://127.0.0.1", "--gateway-instance=x", "--gateway-api-key-file=/no/such/key"] {
        let (good, text) = told(&check(folder.path(), "", &[flag], &[]));
        assert!(!good && text.contains("gateway-url, gateway-instance and gateway-api-key-file"), "{text}");
    }
}

#[test]
fn every_file_that_is_named_is_looked_into() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let private = |name: &str, text: &str, mode: u32| {
        fs::write(path(name), text).expect("written");
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).expect("set");
    };
    private("pin", "31415926", 0o600);
    private("open-pin", "31415926", 0o644);
    private("long-pin", &"3".repeat(5000), 0o600);
    private("module.so", "", 0o600);
    private("wrong.key", "no key", 0o600);
    let token = |module: &str, pin: &str| {
        [format!("--pkcs11-module={module}"), "--pkcs11-token-label=x".to_owned(), format!("--pkcs11-pin-file={pin}")]
    };
    let gateway = ["--gateway-url=https://127.0.0.1", "--gateway-instance=77d0a1c2-0b1f-4a58-8d7f-2f9e5a1b3c4d"];
    let gateway = [gateway[0].to_owned(), gateway[1].to_owned(), format!("--gateway-api-key-file={}", path("none"))];
    let tls = [format!("--tls-certificate={}", path("none")), format!("--tls-key={}", path("none"))];
    let database = ["--database-url=postgresql://me@127.0.0.1/keys".to_owned()];
    let password = [&database[..], &[format!("--database-password-file={}", path("none"))]].concat();
    for (flags, parts) in [
        (&token(&path("none"), &path("pin"))[..], &["PKCS#11 module", "none"][..]),
        (&token(&path("module.so"), &path("none")), &["PIN", "none", "is missing"]),
        (&token(&path("module.so"), &path("open-pin")), &["PIN", "open-pin", "644"]),
        (&token(&path("module.so"), &path("long-pin")), &["PIN", "long-pin", "longer than 4096 bytes"]),
        (&gateway, &["--gateway-api-key-file", "none"]),
        (&tls, &["none"]),
        (&password, &["--database-password-file", "none"]),
        (&[format!("--master-key={}", path("wrong.key"))], &["wrong.key", "256-bit"]),
    ] {
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let (good, text) = told(&check(folder.path(), "", &flags, &[]));
        assert!(!good, "{flags:?}");
        for part in parts {
            assert!(text.contains(part), "no {part:?} in {text:?}");
        }
        assert!(!text.contains("31415926"), "{text}");
    }
}

#[test]
fn an_unknown_key_is_refused_and_the_one_that_was_meant_is_named() {
    let folder = tempfile::tempdir().expect("a directory");
    let refused = |file: &str, part: &str| {
        let (good, text) = told(&check(folder.path(), file, &[], &[]));
        assert!(!good && text.contains(part), "no {part:?} in {text:?}");
    };
    refused("lisen = \"127.0.0.1:0\"", "unknown option lisen");
    refused("lisen = \"127.0.0.1:0\"", "is listen meant?");
    refused("config = \"other.toml\"", "unknown option config");
    refused("url = \"http://x\"", "unknown option url");
    refused("listen = ", "line 1 is not TOML");
    let missing = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"))
        .args(["--check", "--config", "/nowhere/x.toml"])
        .output();
    let (good, text) = told(&missing.expect("it runs"));
    assert!(!good && text.contains("/nowhere/x.toml is not read"), "{text}");
}

#[test]
fn no_value_of_the_file_is_repeated_as_it_may_be_a_secret() {
    let folder = tempfile::tempdir().expect("a directory");
    let secret = "c2VjcmV0IG1hdGVyaWFs";
    for key in ["listen", "free-root-keys", "unheard-of", "output"] {
        let (good, text) = told(&check(folder.path(), &format!("{key} = \"{secret}\""), &[], &[]));
        assert!(!good && !text.contains(secret), "{text}");
    }
}

#[test]
fn the_handbook_lists_every_option_as_it_is() {
    let handbook = fs::read_to_string(handbook()).expect("text");
    let table = envelock_keyserver::config::options();
    let (_, rest) = handbook.split_once(TABLE_BEGIN).expect("the table begins");
    let (written, _) = rest.split_once(TABLE_END).expect("the table ends");
    assert!(written == table, "docs/operations.md is not up to date; `write_the_table` below writes it:\n\n{table}");
}

/// `cargo test -p envelock-keyserver --test operations -- --ignored write_the_table` after an option was changed.
#[test]
#[ignore = "writes docs/operations.md"]
fn write_the_table() {
    let path = handbook();
    let handbook = fs::read_to_string(&path).expect("text");
    let (before, rest) = handbook.split_once(TABLE_BEGIN).expect("the table begins");
    let (_, after) = rest.split_once(TABLE_END).expect("the table ends");
    let table = envelock_keyserver::config::options();
    fs::write(path, format!("{before}{TABLE_BEGIN}{table}{TABLE_END}{after}")).expect("written");
}
