//! The README's first custom action: a lead's score from weights. It owns the sum and the temperature, nothing else.

#![forbid(unsafe_code)]

use weir_action::{Output, Result, log};

/// How leads are scored.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What each signal is worth, in points.
    pub weights: Weights,
    /// The score from which a lead is hot.
    pub hot: u32,
    /// The score from which a lead is warm.
    pub warm: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { weights: Weights::default(), hot: 60, warm: 30 }
    }
}

/// What each signal is worth, in points.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// An address at a company, rather than at a free mail provider.
    pub company: u32,
    /// Every ten employees of the company, up to a thousand employees.
    pub employees: u32,
    /// Every visit of the pricing page.
    pub visit: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { company: 20, employees: 1, visit: 10 }
    }
}

/// A lead, as a form sends it.
#[weir_action::data]
pub struct Lead {
    /// The address.
    #[schemars(extend("format" = "email"))]
    pub email: String,
    /// How many people work at the company.
    #[serde(default)]
    pub employees: u32,
    /// How often the lead looked at the pricing page.
    #[serde(default)]
    pub visits: u32,
}

/// The score and how it came about.
#[weir_action::data]
#[derive(PartialEq)]
pub struct Score {
    /// The score.
    pub value: u32,
    /// One line for every signal that counted.
    pub reasons: Vec<String>,
}

const FREE_MAIL: [&str; 5] = ["gmail.com", "outlook.com", "yahoo.com", "icloud.com", "proton.me"];

/// Scores a lead from weights and routes it: hot, warm or cold.
#[weir_action::action(title = "Score a lead", branches("hot", "warm", "cold"), validate = check)]
pub fn lead_score(config: Config, input: Lead) -> Result<Output<Score>> {
    let Weights { company, employees, visit } = config.weights;
    let signals = [
        ("an address at a company", u32::from(is_company(&input.email)), company),
        ("the company's size", input.employees.min(1_000) / 10, employees),
        ("visits of the pricing page", input.visits, visit),
    ];
    let mut score = Score { value: 0, reasons: Vec::new() };
    for (signal, times, weight) in signals {
        let points = times.saturating_mul(weight);
        if points > 0 {
            score.value = score.value.saturating_add(points);
            score.reasons.push(format!("{points} for {signal}"));
        }
    }
    let branch = match score.value {
        value if value >= config.hot => "hot",
        value if value >= config.warm => "warm",
        _ => "cold",
    };
    log::info!("{} is {branch}", input.email; score = score.value);
    Ok(Output::to(branch, score))
}

fn is_company(email: &str) -> bool {
    email.rsplit_once('@').is_some_and(|(_, domain)| !FREE_MAIL.contains(&domain.to_lowercase().as_str()))
}

/// What the schema cannot say: a hot lead is warmer than a warm one.
fn check(config: &Config) -> Result<(), String> {
    if config.hot > config.warm {
        return Ok(());
    }
    Err(format!("`hot` ({}) must be above `warm` ({})", config.hot, config.warm))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_action::{serde_json, testing};

    use super::*;

    #[test]
    fn signals_add_up() {
        let lead = Lead { email: "ada@engines.example".to_owned(), employees: 250, visits: 2 };
        let output = lead_score(Config::default(), lead).unwrap();
        assert_eq!(output.branch(), Some("hot"));
        assert_eq!(output.value.value, 20 + 25 + 20);
        assert_eq!(output.value.reasons.len(), 3);
    }

    #[test]
    fn a_bare_free_mail_address_is_cold() {
        let output = testing::run::<lead_score>(&json!({}), &json!({ "email": "ada@gmail.com" })).unwrap();
        assert_eq!((output.branch(), &output.value["value"]), (Some("cold"), &json!(0)));
    }

    #[test]
    fn mistakes_are_named() {
        let error =
            testing::run::<lead_score>(&json!({}), &json!({ "email": "a@b.c", "employees": "many" })).unwrap_err();
        assert_eq!(error.to_string(), "input at `employees`: invalid type: string \"many\", expected u32");
        assert_eq!(testing::check::<lead_score>(&json!({ "hot": 10 })), ["`hot` (10) must be above `warm` (30)"]);
        assert!(
            testing::check::<lead_score>(&json!({ "cold": 1 }))[0]
                .starts_with("config at `cold`: unknown field `cold`")
        );
    }
}
