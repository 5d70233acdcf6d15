//! The action {{name}}: scores a lead by its visits.

use weir_action::{Error, Output, Result, log};

/// What a flow writes under `with`.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The score from which a lead is hot.
    pub hot: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { hot: 60 }
    }
}

/// The input.
#[weir_action::data]
pub struct Lead {
    /// The address.
    pub email: String,
    /// How often the lead came by.
    pub visits: u32,
}

/// The output.
#[weir_action::data]
#[derive(PartialEq)]
pub struct Score {
    /// The score.
    pub value: u32,
}

/// Scores a lead by its visits and says whether it is hot.
#[weir_action::action(title = "Score a lead", branches("hot", "cold"), validate = check)]
pub fn {{snake}}(config: Config, input: Lead) -> Result<Output<Score>> {
    if input.email.is_empty() {
        return Err(Error::invalid("a lead has an address"));
    }
    let value = input.visits.min(100) * 10;
    log::info!("{} is scored", input.email; score = value);
    Ok(Output::to(if value >= config.hot { "hot" } else { "cold" }, Score { value }))
}

/// What the types cannot say.
fn check(config: &Config) -> Result<(), String> {
    if config.hot <= 1_000 { Ok(()) } else { Err("hot: no lead scores more than 1000".to_owned()) }
}

#[cfg(test)]
mod tests {
    use weir_action::serde_json::json;
    use weir_action::testing;

    use super::*;

    #[test]
    fn a_lead_of_many_visits_is_hot() {
        let lead = Lead { email: "ada@example.com".to_owned(), visits: 7 };
        let output = {{snake}}(Config::default(), lead).unwrap();
        assert_eq!((output.branch(), output.value), (Some("hot"), Score { value: 70 }));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = testing::run::<{{snake}}>(&json!({}), &json!({ "email": "", "visits": 1 })).unwrap_err();
        assert_eq!(error.to_string(), "a lead has an address");
        assert_eq!(testing::check::<{{snake}}>(&json!({ "hot": 2000 })), ["hot: no lead scores more than 1000"]);
    }
}
