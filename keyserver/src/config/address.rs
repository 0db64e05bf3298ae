//! Where a PostgreSQL database is, and how it is reached.
//!
//! *Invariant:* nothing goes to another machine without TLS unless the address says `sslmode=disable`, and TLS always checks the
//! server's certificate and name.

use std::{fmt, net::IpAddr, str::FromStr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

/// How long a server may take to answer at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unconfirmed, and a connection silent, before it counts as lost.
const SILENCE: Duration = Duration::from_secs(10);
/// Limits that PostgreSQL keeps for this server. Small tables are found by index too: a scan would be in the way of every
/// change of the table. The price that this puts on a scan would have PostgreSQL compile each statement that needs one, which
/// takes longer than any of them runs.
const SETTINGS: &str = "-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s \
                        -c enable_seqscan=off -c jit=off -c default_transaction_isolation=read\\ committed";

/// A PostgreSQL database.
#[derive(Clone)]
pub struct Address(Config);

/// Why a text is not the address of a database.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Another scheme or form.
    #[error("write postgresql://user@host:port/database: {0}")]
    Form(String),
    /// A password where others see it.
    #[error(
        "an address has no password, as command lines and environments are seen by others: keep it in a file, and name that \
         with --database-password-file"
    )]
    Password,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if !text.starts_with("postgresql://") && !text.starts_with("postgres://") {
            return Err(AddressError::Form("it does not begin with postgresql://".to_owned()));
        }
        // The driver knows one mode of TLS, which is checked here as others check `verify-full`.
        let text = text.replace("sslmode=verify-full", "sslmode=require");
        // The driver's text says which parameter is wrong and shows no value.
        let mut config: Config = text.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            AddressError::Form(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if config.get_password().is_some() {
            return Err(AddressError::Password);
        }
        if config.get_hosts().is_empty() || config.get_user().is_none() || config.get_dbname().is_none() {
            return Err(AddressError::Form("user, host and database are all needed".to_owned()));
        }
        if config.get_ssl_mode() == SslMode::Prefer {
            // To prefer TLS is to do without it when somebody in between says so.
            config.ssl_mode(if config.get_hosts().iter().all(is_here) { SslMode::Disable } else { SslMode::Require });
        }
        let options = config.get_options().unwrap_or_default();
        config.options(format!("{SETTINGS} {options}").trim_end());
        if config.get_application_name().is_none() {
            config.application_name("envelock-keyserver");
        }
        config.connect_timeout(CONNECT_TIMEOUT);
        config.keepalives_idle(SILENCE).tcp_user_timeout(SILENCE);
        // Of several hosts the one that takes changes: key state is never read from a standby, which is behind.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self(config))
    }
}

impl Address {
    /// The same with the password of its user.
    #[must_use]
    pub fn with_password(mut self, password: &[u8]) -> Self {
        self.0.password(password);
        self
    }

    /// As the driver takes it.
    pub(crate) const fn driver(&self) -> &Config {
        &self.0
    }
}

/// Without the password, which nobody may see.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hosts, database) = (self.0.get_hosts(), self.0.get_dbname());
        f.debug_struct("Address").field("hosts", &hosts).field("database", &database).finish_non_exhaustive()
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(address: &str) -> SslMode {
        address.parse::<Address>().expect("an address").driver().get_ssl_mode()
    }

    #[test]
    fn other_machines_are_reached_over_tls_unless_it_is_refused_by_name() {
        assert_eq!(mode("postgresql://me@db.example.com/keys"), SslMode::Require);
        assert_eq!(mode("postgresql://me@db.example.com/keys?sslmode=prefer"), SslMode::Require);
        assert_eq!(mode("postgresql://me@localhost,db.example.com/keys"), SslMode::Require);
        assert_eq!(mode("postgresql://me@db.example.com/keys?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://me@127.0.0.1:5433/keys"), SslMode::Disable);
        assert_eq!(mode("postgres://me@127.0.0.1:5433/keys?sslmode=require"), SslMode::Require);
        assert_eq!(mode("postgres://me@127.0.0.1:5433/keys?sslmode=verify-full"), SslMode::Require);
        assert_eq!(mode("postgresql://me@%2Frun%2Fpostgresql/keys"), SslMode::Disable);
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_and_no_password_is_shown() {
        for (bad, why) in [
            ("mysql://me@host/keys", "does not begin with"),
            ("postgresql://host/keys", "user, host and database"),
            ("postgresql://me@host", "user, host and database"),
            ("postgresql://me@host/keys?sslmode=verify-ca", "sslmode"),
            ("postgresql://me@host/keys?colour=red", "colour"),
            ("postgresql://me:hunter2@host/keys", "--database-password-file"),
        ] {
            let error = bad.parse::<Address>().expect_err(bad).to_string();
            assert!(error.contains(why) && !error.contains("hunter2"), "{bad}: {error}");
        }
        let address: Address = "postgresql://me@host/keys".parse().expect("an address");
        assert!(!format!("{:?}", address.with_password(b"hunter2")).contains("hunter2"));
    }
}
