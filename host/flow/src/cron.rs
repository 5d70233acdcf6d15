//! The times of a schedule: a cron expression read in a time zone. It computes times; it reads no clock, starts nothing, and
//! takes its time zones from the bundled database alone, so that every machine computes the same.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::LazyLock;
use std::time::Duration;

use croner::parser::{CronParser, Seconds, Year};
use croner::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, ZonedDateTime};
use weir_model::{ScheduleDef, Timestamp};

use crate::check::instead;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
const NAMES: [&str; 6] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"];
const FORM: &str = "write minute, hour, day of month, month and day of week, such as `0 9 * * MON-FRI`, or a name such as \
                    `@daily`";
/// Bytes of an expression, at most.
const LONGEST: usize = 200;
/// 2000-01-01: from here on an expression must fire some time.
const START: Timestamp = Timestamp::from_millis(946_684_800_000);
/// The first stretch in which the newest times are looked for.
const STRETCH: Duration = Duration::from_secs(3_600);

/// Why a schedule has no times.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// The expression is none, or never fires.
    #[error("{0}")]
    Expression(String),
    /// There is no such time zone.
    #[error("{0}")]
    Zone(String),
}

/// A schedule's times.
///
/// Where clocks are set forward, an expression with one hour, minute and second runs right after the gap if its time falls
/// into it; one with several times leaves those in the gap out. Where clocks are set back, the first runs once, at the
/// earlier of both times, and the second in both hours.
#[derive(Clone, Debug)]
pub struct Cron {
    cron: croner::Cron,
    zone: TimeZone,
}

impl Cron {
    /// Reads an expression of five fields, or of six with seconds in front, or a name such as `@daily`; without a zone in
    /// UTC.
    ///
    /// # Errors
    /// Where the expression or the zone is none, or the expression never fires, such as on 30 February.
    pub fn new(text: &str, zone: Option<&str>) -> Result<Self, CronError> {
        let zone = zone.map_or(Ok(TimeZone::UTC), find_zone)?;
        let shown: String = text.chars().take(80).collect();
        let wrong = |reason: String| CronError::Expression(format!("{shown:?} is no cron expression: {reason}"));
        if let Some(reason) = trouble(text) {
            return Err(wrong(reason));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| wrong(format!("{}; {FORM}", reason(&error))))?;
        let cron = Self { cron, zone };
        if cron.next(START).is_none() {
            let message = format!("{shown:?} never fires, no date is like that: {FORM}");
            return Err(CronError::Expression(message));
        }
        Ok(cron)
    }

    /// The times of a flow's schedule.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn of(schedule: &ScheduleDef) -> Result<Self, CronError> {
        Self::new(&schedule.cron, schedule.zone.as_deref())
    }

    /// The first time after a moment.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = jiff::Timestamp::from_millisecond(after.as_millis()).ok()?;
        let after = Moment(after.to_zoned_datetime(self.zone.clone()));
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        Some(Timestamp::from_millis(next.0.timestamp().as_millisecond()))
    }

    /// The times after a moment and up to another, in their order: the newest, at most `most`. A long stretch costs no more
    /// than a short one.
    pub fn newest(&self, after: Timestamp, until: Timestamp, most: usize) -> VecDeque<Timestamp> {
        let mut stretch = STRETCH;
        loop {
            let from = until.minus(stretch).max(after);
            let found = self.between(from, until, most);
            if from == after || found.len() >= most {
                return found;
            }
            stretch = stretch.saturating_mul(8);
        }
    }

    fn between(&self, after: Timestamp, until: Timestamp, most: usize) -> VecDeque<Timestamp> {
        let mut found = VecDeque::new();
        let mut last = after;
        while let Some(next) = self.next(last).filter(|next| *next <= until && *next > last) {
            if found.len() >= most {
                found.pop_front();
            }
            found.push_back(next);
            last = next;
        }
        found.truncate(most);
        found
    }
}

fn find_zone(name: &str) -> Result<TimeZone, CronError> {
    ZONES.get(name).map_err(|_| {
        let shown: String = name.chars().take(80).collect();
        let names: Vec<String> = ZONES.available().map(|name| name.to_string()).collect();
        let near = crate::check::nearest(name, names.iter().map(String::as_str));
        let hint = near.map_or_else(
            || "write a name of the IANA database, such as `Europe/Berlin` or `UTC`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        CronError::Zone(format!("`{shown}` is no time zone: {hint}"))
    })
}

/// What the library would take, or would not word well.
fn trouble(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some(format!("it is empty; {FORM}"));
    }
    if text.len() > LONGEST {
        return Some(format!("it has {} bytes, at most {LONGEST} are allowed; {FORM}", text.len()));
    }
    if text.starts_with('@') {
        let is_known = NAMES.iter().any(|name| name.eq_ignore_ascii_case(text));
        return (!is_known).then(|| format!("no such name; {}", instead(text, NAMES)));
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if !(5..=6).contains(&fields.len()) {
        let count = fields.len();
        return Some(format!("it has {count} fields, not five (or six with seconds in front); {FORM}"));
    }
    if fields.iter().any(|field| field.split(',').any(str::is_empty)) {
        return Some("an entry of a list is missing beside a comma".to_owned());
    }
    if text.contains(['+', '@']) {
        return Some("`+` and `@` mean nothing in it".to_owned());
    }
    None
}

fn reason(error: &croner::errors::CronError) -> String {
    use croner::errors::CronError as Error;
    match error {
        Error::ComponentError(reason) | Error::InvalidPattern(reason) | Error::IllegalCharacters(reason) => {
            reason.trim_end_matches('.').replace("CronPattern", "it")
        }
        other => other.to_string(),
    }
}

/// A moment in a time zone, as the library walks it.
#[derive(Clone)]
struct Moment(ZonedDateTime);

impl CronDateTime for Moment {
    fn to_civil(&self) -> CivilDateTime {
        let at = self.0.datetime();
        let part = |n: i8| u32::from(n.unsigned_abs());
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(i32::from(at.year()), part(at.month()), part(at.day())),
            CivilTime::from_parts_unchecked(part(at.hour()), part(at.minute()), part(at.second())),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(u32::from(self.0.weekday().to_sunday_zero_offset().unsigned_abs()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, croner::errors::CronError> {
        let civil = datetime(civil).ok_or(croner::errors::CronError::InvalidDate)?;
        let at = self.0.time_zone().to_ambiguous_zoned_datetime(civil);
        let sound =
            |at: Result<ZonedDateTime, jiff::Error>| at.map(Self).map_err(|_| croner::errors::CronError::InvalidTime);
        Ok(match at.offset() {
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(sound(at.unambiguous())?),
            AmbiguousOffset::Fold { .. } => Resolution::Ambiguous(sound(at.clone().earlier())?, sound(at.later())?),
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

fn datetime(civil: CivilDateTime) -> Option<DateTime> {
    let part = |n: u32| i8::try_from(n).ok();
    let date = Date::new(i16::try_from(civil.year()).ok()?, part(civil.month())?, part(civil.day())?).ok()?;
    let time = Time::new(part(civil.hour())?, part(civil.minute())?, part(civil.second())?, 0).ok()?;
    Some(date.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// The next times of an expression in Berlin, in UTC and without their seconds.
    fn times(text: &str, after: &str, count: usize) -> Vec<String> {
        let cron = Cron::new(text, Some("Europe/Berlin")).unwrap();
        let mut last = at(after);
        let next = (0..count).map(|_| {
            last = cron.next(last).unwrap();
            last.to_string().chars().skip(5).take(11).collect()
        });
        next.collect()
    }

    #[test]
    fn a_time_that_the_clock_leaves_out_runs_right_after_and_one_it_repeats_runs_once() {
        let spring = times("30 2 * * *", "2026-03-28T00:00:00Z", 3);
        assert_eq!(spring, ["03-28T01:30", "03-29T01:00", "03-30T00:30"], "03:00 stands for the 02:30 there is not");
        let autumn = times("30 2 * * *", "2026-10-24T00:00:00Z", 3);
        assert_eq!(autumn, ["10-24T00:30", "10-25T00:30", "10-26T01:30"], "not again in the second of both hours");
        let half_hours = times("*/30 * * * *", "2026-03-29T00:10:00Z", 3);
        assert_eq!(half_hours, ["03-29T00:30", "03-29T01:00", "03-29T01:30"], "what repeats goes on in real time");
        let half_hours = times("*/30 * * * *", "2026-10-25T00:10:00Z", 4);
        assert_eq!(half_hours, ["10-25T00:30", "10-25T01:00", "10-25T01:30", "10-25T02:00"], "in both hours");
    }

    #[test]
    fn expressions_have_five_fields_or_six_or_a_name() {
        for (text, next) in [
            ("0 9 * * MON-FRI", "2026-11-25T09:00:00.000Z"),
            ("0 9 1,15 * *", "2026-12-01T09:00:00.000Z"),
            ("*/20 30 9 * * *", "2026-11-24T09:30:20.000Z"),
            ("0 0 L * *", "2026-11-30T00:00:00.000Z"),
            ("0 12 * * 5#1", "2026-12-04T12:00:00.000Z"),
            ("@Hourly", "2026-11-24T10:00:00.000Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00.000Z"),
        ] {
            let cron = Cron::new(text, None).unwrap();
            assert_eq!(cron.next(at("2026-11-24T09:30:00.5Z")).unwrap().to_string(), next, "{text}");
        }
        for (text, words) in [
            ("", "it is empty"),
            ("* * * *", "it has 4 fields"),
            ("0 0 1 1 * * 2027", "it has 7 fields"),
            ("60 * * * *", "out of bounds"),
            ("0 9 * * MONDAY", "illegal character"),
            ("0 , * * *", "beside a comma"),
            ("0 0 * * +", "mean nothing"),
            ("@dialy", "did you mean `@daily`?"),
            ("0 0 30 2 *", "never fires"),
            ("*/0 * * * *", "zero"),
        ] {
            let error = Cron::new(text, None).unwrap_err();
            assert!(matches!(&error, CronError::Expression(said) if said.contains(words)), "{text}: {error}");
        }
        let error = Cron::new("@daily", Some("Europe/Berln")).unwrap_err();
        assert!(matches!(&error, CronError::Zone(said) if said.contains("did you mean `Europe/Berlin`?")), "{error}");
        assert!(Cron::new("@daily", Some("/etc/passwd")).is_err());
    }

    #[test]
    fn the_newest_times_of_a_long_stretch_are_found_without_walking_it() {
        let (from, until) = (at("1990-01-01T00:00:00Z"), at("2026-11-24T09:30:00Z"));
        let minutes = Cron::new("* * * * *", None).unwrap();
        let newest = minutes.newest(from, until, 1_000);
        assert_eq!((newest.len(), newest.back()), (1_000, Some(&until)), "the end is one of them");
        assert_eq!(newest.front(), Some(&until.minus(Duration::from_secs(999 * 60))));
        assert_eq!(
            minutes.newest(until.minus(Duration::from_secs(120)), until, 10).len(),
            2,
            "the start is none of them"
        );
        assert!(minutes.newest(until, from, 10).is_empty() && minutes.newest(from, until, 0).is_empty());
        let leap_days = Cron::new("0 0 29 2 *", None).unwrap();
        assert_eq!(leap_days.newest(from, until, 100).len(), 9, "1992 to 2024");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_as_an_expression_panics_nowhere(text in "[0-9*/,LW#?A-Z@ -]{0,24}", zone in "[A-Za-z/]{0,12}") {
            if let Ok(cron) = Cron::new(&text, Some(&zone)).or_else(|_| Cron::new(&text, None)) {
                let next = cron.next(START).unwrap();
                proptest::prop_assert!(next > START && cron.newest(START, next, 5).back() == Some(&next));
            }
        }
    }
}
