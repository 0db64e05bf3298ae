//! Moving to a token and away from it, and what keeps a server from starting.

use std::{fs, os::unix::fs::PermissionsExt, process::Command, sync::Arc};

use axum::http::StatusCode;
use envelock_keyserver::server::{
    self, Custody, CustodyChoice, Options, Pkcs11Error, StartError, SystemClock, SystemEntropy,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    custody, settings,
    support::{Api, options},
    token::{LABEL, MODULE, SoftToken, with_token},
};

async fn start(options: &Options) -> Result<server::Server, StartError> {
    server::open(options, Arc::new(SystemClock), Arc::new(SystemEntropy)).await
}

/// What a server has stored so far, in another directory.
fn copy(api: &Api) -> TempDir {
    let copied = tempfile::tempdir().expect("a directory");
    for name in ["keyserver.db", "keyserver.db-wal", "master.key"] {
        fs::copy(api.directory().join(name), copied.path().join(name)).expect("copied");
    }
    copied
}

async fn refusal(token: &SoftToken, change: impl FnOnce(&mut Custody)) -> StartError {
    let directory = tempfile::tempdir().expect("a directory");
    let mut options = options(directory.path());
    options.custody = custody(token);
    change(&mut options.custody);
    match start(&options).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error,
    }
}

#[test]
fn a_key_moves_from_the_file_to_the_token_by_rotation() {
    with_token("start::a_key_moves_from_the_file_to_the_token_by_rotation", async |token| {
        let api = Api::new().await;
        let key = api.root_key().await;
        let wrapped = api.wrap(&key, json!({"aad": ["t"]})).await;
        let chosen = custody(&token);
        let mut api = api.restart_with(|options| options.custody = chosen).await;
        let unwrap = json!({"ciphertext": wrapped["ciphertext"], "aad": ["t"]});
        assert_eq!(api.act(&key, "unwrap", unwrap.clone()).await.json["plaintext"], wrapped["plaintext"]);
        assert!(token.root_keys().is_empty());
        api.act(&key, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
        assert_eq!(token.root_keys().len(), 1);
        let opened = api.act(&key, "unwrap", unwrap.clone()).await;
        assert_eq!(opened.json["plaintext"], wrapped["plaintext"]);
        let fresh = json!({"ciphertext": opened.json["ciphertext"], "aad": ["t"]});
        assert_eq!(api.act(&key, "unwrap", fresh.clone()).await.json["plaintext"], wrapped["plaintext"]);

        // And back, with the token still there for what it holds.
        api.advance(3601).await;
        let chosen = Custody { new_root_keys: CustodyChoice::File, ..custody(&token) };
        let api = api.restart_with(|options| options.custody = chosen).await;
        api.act(&key, "rotate", Value::Null).await.is(StatusCode::NO_CONTENT);
        assert_eq!(token.root_keys().len(), 1);
        for ciphertext in [unwrap, fresh] {
            assert_eq!(api.act(&key, "unwrap", ciphertext).await.json["plaintext"], wrapped["plaintext"]);
        }
        let copied = copy(&api);
        let Err(StartError::Custody(why)) = start(&options(copied.path())).await else {
            panic!("it starts without the token")
        };
        assert!(why.contains("--pkcs11-module"), "{why}");
    });
}

#[test]
fn a_token_that_is_not_right_is_named() {
    with_token("start::a_token_that_is_not_right_is_named", async |token| {
        let missing = refusal(&token, |custody| custody.pkcs11 = None).await;
        assert!(matches!(missing, StartError::Custody(_)));
        let directory = tempfile::tempdir().expect("a directory");
        let mut unset = options(directory.path());
        unset.custody.new_root_keys = CustodyChoice::Pkcs11;
        assert!(matches!(server::check(&unset), Err(StartError::Custody(_))), "told without a start, too");
        let set = |change: fn(&mut envelock_keyserver::server::Pkcs11Settings)| {
            let token = &token;
            async move {
                let mut settings = settings(token);
                change(&mut settings);
                match refusal(token, |custody| custody.pkcs11 = Some(settings)).await {
                    StartError::Pkcs11(error) => error,
                    other => panic!("{other}"),
                }
            }
        };
        let no_module = set(|settings| settings.module = "/no/such/module.so".into()).await;
        assert!(matches!(no_module, Pkcs11Error::Module { .. }), "{no_module}");
        let no_token = set(|settings| settings.token_label = "another".to_owned()).await;
        assert!(matches!(&no_token, Pkcs11Error::NoToken { present, .. } if present == LABEL), "{no_token}");
        let no_file = set(|settings| settings.pin_file = "/no/such/pin".into()).await;
        assert!(no_file.to_string().contains("is missing"), "{no_file}");

        fs::set_permissions(token.pin_file(), fs::Permissions::from_mode(0o640)).expect("set");
        assert!(set(|_| ()).await.to_string().contains("chmod 600"));
        fs::set_permissions(token.pin_file(), fs::Permissions::from_mode(0o600)).expect("set");
        fs::write(token.pin_file(), "27182818\n").expect("written");
        let wrong = set(|_| ()).await;
        assert!(matches!(wrong, Pkcs11Error::WrongPin(_)), "{wrong}");
        assert!(!wrong.to_string().contains("27182818"));
    });
}

#[test]
fn another_token_with_the_same_label_is_not_taken_for_the_one_with_the_keys() {
    with_token("start::another_token_with_the_same_label_is_not_taken_for_the_one_with_the_keys", async |token| {
        let api = crate::server(&token).await;
        api.root_key().await;
        token.set_present(false);
        fs::create_dir(token.configuration().with_file_name("tokens")).expect("made");
        token.initialize(LABEL);
        let copied = copy(&api);
        // In a process of its own: the module of this one has seen the other token.
        let started = Command::new(env!("CARGO_BIN_EXE_envelock-keyserver"))
            .args(["--custody", "pkcs11", "--pkcs11-module", MODULE, "--pkcs11-token-label", LABEL])
            .args(["--pkcs11-pin-file".as_ref(), token.pin_file().as_os_str()])
            .args(["--data".as_ref(), copied.path().as_os_str()])
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(!started.status.success() && said.contains("was never used by this installation"), "{said}");
        assert!(!token.tool(["--list-objects", "--type", "secrkey"]).contains("canary"), "it is left as it was");
        let key =
            api.post("/api/v2/keys").json(&crate::support::envelope(json!({"name": "key", "extractable": false})));
        key.send().await.refused(503, "CUSTODY_UNREACHABLE_ERR");
    });
}
