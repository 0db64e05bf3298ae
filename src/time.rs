//! Points in time, as arguments.
//!
//! *Invariant:* nothing here reads a clock.

use alloc::vec::Vec;

pub use core::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// A point in time from milliseconds since 1970.
    pub fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// This point plus `duration`.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Time from `earlier` to this point; zero if it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// A point in time from an HTTP date in the one form that is written today (RFC 9110 section 5.6.7), for instance
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub(crate) fn from_http_date(text: &str) -> Option<Self> {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        // The day of the week says nothing new.
        let words: Vec<&str> = text.split_once(' ')?.1.split([' ', ':']).collect();
        let [day, month, year, hour, minute, second, "GMT"] = *words else { return None };
        let number = |digits: &str, length| {
            let all = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u64>().ok().filter(|_| all)
        };
        let month = MONTHS.iter().position(|name| *name == month)? as u64;
        let (day, year) = (number(day, 2)?, number(year, 4)?);
        let (hour, minute, second) = (number(hour, 2)?, number(minute, 2)?, number(second, 2)?);
        if !(1..=31).contains(&day) || year < 1970 || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        // Years from March on, so that a leap day is the last of its year.
        let (march_year, march_month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
        let days = march_year * 365 + march_year / 4 - march_year / 100
            + march_year / 400
            + (march_month * 153 + 2) / 5
            + (day - 1);
        // Days from 1 March of year 0 to 1 January 1970.
        let seconds = (days - 719_468) * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Self::from_millis(seconds * 1_000))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::Timestamp;

    #[test]
    fn http_dates_are_points_in_time() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
            ("Mon, 31 Dec 2029 12:00:00 GMT", 1_893_412_800),
        ] {
            assert_eq!(Timestamp::from_http_date(text), Some(Timestamp::from_millis(seconds * 1_000)), "{text}");
        }
        for text in [
            "",
            "soon",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "ééé06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(Timestamp::from_http_date(text), None, "{text}");
        }
    }
}
