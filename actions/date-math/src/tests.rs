//! What the action promises its users, through JSON as a flow calls it.

use weir_action::serde_json::{Value, json};
use weir_action::testing;

use super::date_math;

fn run(config: Value, input: Value) -> Value {
    testing::run::<date_math>(&config, &input).unwrap_or_else(|error| panic!("{config} {input}: {error}")).value
}

#[test]
fn moments_are_read_in_every_usual_form() {
    for input in [
        json!("2026-11-28T12:30:00Z"),
        json!("2026-11-28T13:30:00+01:00"),
        json!("2026-11-28T13:30:00[Europe/Rome]"),
        json!("2026-11-28 12:30"),
        json!("Sat, 28 Nov 2026 13:30:00 +0100"),
        json!(1_795_869_000),
    ] {
        assert_eq!(run(json!({}), input.clone())["utc"], "2026-11-28T12:30:00Z", "{input}");
    }
    assert_eq!(run(json!({ "parse": "%d.%m.%Y %H:%M" }), json!("28.11.2026 12:30"))["unix"], 1_795_869_000);
    assert_eq!(
        run(json!({ "parse": "%d/%m/%Y", "timezone": "+02:00" }), json!("28/11/2026"))["utc"],
        "2026-11-27T22:00:00Z"
    );
    assert!(run(json!({}), Value::Null)["unix"].as_i64() > Some(1_790_000_000));
}

#[test]
fn calendars_know_months_and_summer_time() {
    let rome = |config: Value, input: &str| {
        let mut config = config;
        config["timezone"] = "Europe/Rome".into();
        run(config, json!(input))["iso"].clone()
    };
    assert_eq!(rome(json!({ "add": "1 month" }), "2027-01-31T10:00:00"), "2027-02-28T10:00:00+01:00");
    // The clocks go forward on 28 March 2027: a day later is 23 hours later.
    assert_eq!(rome(json!({ "add": "P1D" }), "2027-03-27T12:00:00"), "2027-03-28T12:00:00+02:00");
    assert_eq!(rome(json!({ "add": "PT24H" }), "2027-03-27T12:00:00"), "2027-03-28T13:00:00+02:00");
    assert_eq!(
        rome(json!({ "subtract": "2 weeks", "start_of": "week" }), "2026-11-28T12:00:00"),
        "2026-11-09T00:00:00+01:00"
    );
    assert_eq!(rome(json!({ "start_of": "month" }), "2026-11-28T12:00:00"), "2026-11-01T00:00:00+01:00");
    assert_eq!(rome(json!({ "start_of": "hour" }), "2026-11-28T12:34:56.7"), "2026-11-28T12:00:00+01:00");
}

#[test]
fn the_output_says_what_the_moment_is() {
    let config = json!({ "timezone": "Europe/Rome", "format": "%A, %-d %B %Y", "until": "2027-01-01" });
    let got = run(config, json!("2026-11-28T12:30:00Z"));
    assert_eq!(got["text"], "Saturday, 28 November 2026");
    assert_eq!(
        (&got["date"], &got["time"], &got["timezone"]),
        (&json!("2026-11-28"), &json!("13:30:00"), &json!("Europe/Rome"))
    );
    assert_eq!((&got["weekday"], &got["week"], &got["day_of_year"]), (&json!(6), &json!(48), &json!(332)));
    assert_eq!(
        (&got["until"]["days"], &got["until"]["months"], &got["until"]["hours"]),
        (&json!(33), &json!(1), &json!(802))
    );
}

#[test]
fn mistakes_are_named() {
    let error = testing::run::<date_math>(&json!({}), &json!("tomorrow")).unwrap_err();
    assert!(error.is_invalid() && error.to_string().starts_with("input: \"tomorrow\" is neither RFC 3339"), "{error}");
    assert!(testing::run::<date_math>(&json!({}), &json!(1_795_869_000_000_i64)).is_err());
    let found = testing::check::<date_math>(&json!({ "timezone": "Europe/Nowhere", "add": "soon", "format": "%!" }));
    assert_eq!(found.len(), 3, "{found:?}");
}
