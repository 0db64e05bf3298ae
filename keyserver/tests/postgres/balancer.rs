//! Two servers over one PostgreSQL, behind a balancer as operators have it: nginx, round robin.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    database::{self, Database},
    done, keyserver,
    objects::Objects,
    patient::{Client, Dice},
    process::Running,
};

/// Where the balancer notes which server answered.
const SERVED: &str = "served";

/// The balancer; gone when dropped.
struct Nginx {
    child: Child,
    address: String,
}

impl Nginx {
    /// One process in a folder of its own, as in `docs/stores.md` but for the paths.
    fn start(folder: &Path, servers: &[Running]) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string();
        let server = |server: &Running| {
            let address = server.said("url").strip_prefix("http://").expect("plain HTTP");
            format!("server {address} max_fails=1 fail_timeout=2s;")
        };
        let servers: String = servers.iter().map(server).collect();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {what};"))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr warn; events {{}}
             http {{
                 log_format who $upstream_addr; access_log {SERVED} who; {temporary}
                 upstream keyservers {{ {servers} keepalive 16; }}
                 server {{
                     listen {address};
                     client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1;
                     proxy_set_header Connection \"\"; proxy_set_header Host $host;
                     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                     location / {{ proxy_pass http://keyservers; }}
                 }}
             }}"
        );
        fs::write(folder.join("nginx.conf"), configuration).expect("written");
        let mut nginx = Command::new("nginx");
        let nginx = nginx.arg("-p").arg(folder).args(["-e", "stderr", "-c", "nginx.conf"]).stdin(Stdio::null());
        let balancer = Self { child: nginx.spawn().expect("nginx is there"), address };
        let began = Instant::now();
        while TcpStream::connect(&balancer.address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "nginx does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        balancer
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Two servers that share database, master key and objects, and the balancer.
struct Fleet {
    url: String,
    data: [TempDir; 2],
    servers: Vec<Running>,
    api_key: String,
    client: Client,
    _nginx: Nginx,
    folder: TempDir,
}

impl Fleet {
    fn start() -> Self {
        let url = database::fresh().expect("a database");
        let data = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let flag = format!("--database-url={url}");
        let flags = [flag.as_str(), "--trusted-proxies=127.0.0.0/8"];
        let first = Running::start_with_flags(data[0].path(), &flags);
        fs::copy(data[0].path().join("master.key"), data[1].path().join("master.key")).expect("copied");
        symlink(data[0].path().join("objects"), data[1].path().join("objects")).expect("a link");
        let second = Running::start_with_flags(data[1].path(), &flags);
        let api_key = first.said("api_key").to_owned();
        let servers = vec![first, second];
        let folder = tempfile::tempdir().expect("a directory");
        let nginx = Nginx::start(folder.path(), &servers);
        let mut client = Client::of(&servers[0], &api_key);
        client.address.clone_from(&nginx.address);
        Self { url, data, servers, api_key, client, _nginx: nginx, folder }
    }

    fn create(&self, dice: &mut Dice) -> (u16, Option<String>) {
        let key = json!({"name": "a key", "extractable": false});
        let (status, body) = self.client.create(key, &dice.uuid()).expect("nginx answers");
        (status, body["resources"][0]["id"].as_str().map(str::to_owned))
    }
}

#[test]
fn a_replica_that_dies_under_load_costs_only_what_was_under_way_on_it() {
    let mut fleet = Fleet::start();
    let addresses = [0, 1].map(|server| fleet.servers[server].said("url").replace("http://", ""));
    let victim = fleet.servers.pop();
    let (made, refused, stop) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()), AtomicBool::new(false));
    let began = Instant::now();
    let mut died = Duration::ZERO;
    thread::scope(|scope| {
        for number in 1..5 {
            let (fleet, made, refused, stop) = (&fleet, &made, &refused, &stop);
            scope.spawn(move || {
                let mut dice = Dice(number * 0x9e37_79b9);
                while !stop.load(Ordering::Relaxed) {
                    match fleet.create(&mut dice) {
                        (201, id) => made.lock().expect("sound").push(id.expect("an id")),
                        // What nginx says when a server broke off: it does not send a change twice.
                        (502, None) => refused.lock().expect("sound").push(began.elapsed()),
                        (status, _) => panic!("{status}"),
                    }
                }
            });
        }
        thread::sleep(Duration::from_secs(1));
        died = began.elapsed();
        // SIGKILL, in the middle of things.
        drop(victim);
        thread::sleep(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
    });
    let (made, refused) = (made.into_inner().expect("sound"), refused.into_inner().expect("sound"));
    assert!(made.len() > 20, "there was a load: {}", made.len());
    assert!(refused.iter().all(|at| *at >= died), "nothing is refused while both live");
    assert!(refused.len() <= 4, "more than what the four clients had under way: {refused:?}");
    let database = Database::open(fleet.data[0].path(), Some(&fleet.url));
    for key in &made {
        assert_eq!(database.number(&format!("SELECT count(*) FROM keys WHERE id = {}", database.id(key))), 1, "{key}");
    }
    let served = fs::read_to_string(fleet.folder.path().join(SERVED)).expect("nginx noted it");
    for server in addresses {
        assert!(served.matches(&server).count() > 10, "each had its part: {server}");
    }
    let flag = format!("--database-url={}", fleet.url);
    done(keyserver("verify-audit", fleet.data[0].path(), &fleet.url, &[]));
    // It comes back, to the same data.
    let again = Running::start_with_flags(fleet.data[1].path(), &[&flag]);
    let client = Client::of(&again, &fleet.api_key);
    assert_eq!(client.send("GET", &format!("/api/v2/keys/{}", made[0]), &[], "").expect("an answer").0, 200);
    println!("{} keys acknowledged, none lost; {} requests answered 502", made.len(), refused.len());
}

#[test]
fn an_object_that_came_by_one_server_is_read_by_the_other() {
    let fleet = Fleet::start();
    let direct = [0, 1].map(|server| Client::of(&fleet.servers[server], &fleet.api_key));
    let (status, key) = fleet.create(&mut Dice(9));
    assert_eq!(status, 201);
    let objects = Objects::order(&fleet.client, &fleet.servers[0], &key.expect("an id"));
    let message = objects.store(&direct[0], "one", 300_000);
    assert!(objects.read(&direct[1], "one") == message);
    let message = objects.store(&direct[1], "two", 5);
    assert!(objects.read(&direct[0], "two") == message);
    // Through the balancer, whichever takes it.
    for round in 0..4 {
        let message = objects.store(&fleet.client, "three", 100_000 + round);
        for _ in 0..4 {
            assert!(objects.read(&fleet.client, "three") == message);
        }
    }
    done(keyserver("fsck", fleet.data[1].path(), &fleet.url, &[]));
}
