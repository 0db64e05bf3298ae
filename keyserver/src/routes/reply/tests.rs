//! Answers that no request of a test brings about.

use super::*;
use crate::keys::lifecycle::KeyAction;

#[test]
fn failures_of_a_custody_are_told_apart_without_their_reasons() {
    const REASON: &str = "token serial 4711";
    let reason = || REASON.to_owned();
    let away = |retry_after| Error::CustodyUnreachable { detail: reason(), retry_after };
    let cases = [
        (away(Some(7)), 503, "CUSTODY_UNREACHABLE_ERR", Some("7")),
        (away(None), 503, "CUSTODY_UNREACHABLE_ERR", None),
        (Error::CustodyRefused(reason()), 424, "CUSTODY_REFUSED_ERR", None),
        (Error::CustodyLied(reason()), 502, "CUSTODY_ANSWER_ERR", None),
    ];
    for (error, status, code, retry_after) in cases {
        let Reply(reply) = Reply::error(Action::Key(KeyAction::Wrap), Uuid::nil(), &error);
        assert_eq!((reply.status().as_u16(), row(&error).1), (status, code));
        let header = reply.headers().get(header::RETRY_AFTER).map(|value| value.to_str().expect("text"));
        assert_eq!(header, retry_after, "{code}");
        assert!(!error.to_string().contains(REASON));
        assert_eq!(error.detail(), REASON);
    }
}
