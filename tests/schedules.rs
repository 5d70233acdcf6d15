//! Promise: a flow with a schedule starts by itself, once for each of its times whatever stops the server in between, and
//! times that passed while the server did not run are treated as the flow says.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use weir_tests::Server;

fn flow(name: &str, cron: &str, missed: &str) -> String {
    format!(
        "weir: 1\nname: {name}\ntrigger: {{ schedule: {{ cron: '{cron}', zone: Europe/Berlin, missed: {missed} }} }}\n\
         steps:\n  - {{ id: keep, uses: set, with: {{ at: '{{{{ payload.scheduled_at }}}}' }} }}\n"
    )
}

/// The milliseconds of the times for which a flow has runs; they are the first part of a run's id.
async fn times(server: &Server, flow: &str) -> Result<Vec<i64>> {
    let mut times = Vec::new();
    let mut after = String::new();
    loop {
        let page = server.get(&format!("/tenants/default/runs?flow={flow}&limit=200{after}")).await?;
        for run in page["items"].as_array().with_context(|| page.to_string())? {
            let id = run["id"].as_str().context("no id")?.replace('-', "");
            times.push(i64::from_str_radix(&id[..12], 16)?);
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    times.sort_unstable();
    Ok(times)
}

/// Waits until a flow has more than so many runs.
async fn more_than(server: &Server, flow: &str, count: usize) -> Result<Vec<i64>> {
    for _ in 0..300 {
        let times = times(server, flow).await?;
        if times.len() > count {
            return Ok(times);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("{flow} was not started by itself")
}

#[tokio::test]
async fn each_second_has_one_run_however_often_the_server_is_killed() -> Result<()> {
    let mut server = Server::start()?;
    server.publish(&flow("tick", "* * * * * *", "all"))?;
    more_than(&server, "tick", 1).await?;
    for round in 0..5_u64 {
        // Another moment in each round, some of them right when a run starts.
        tokio::time::sleep(Duration::from_millis(700 + round * 90)).await;
        server.kill()?;
        tokio::time::sleep(Duration::from_millis(round * 300)).await;
        server.start_again(&[])?;
    }
    let before = times(&server, "tick").await?.len();
    let times = more_than(&server, "tick", before).await?;
    for pair in times.windows(2) {
        assert_eq!((pair[0] % 1_000, pair[1] - pair[0]), (0, 1_000), "twice or not at all: {times:?}");
    }

    let run = server.last_run().await?;
    assert_eq!(
        (&run["outcome"], &run["mode"], &run["origin"]["kind"]),
        (&json!("completed"), &json!("production"), &json!("schedule"))
    );
    assert_eq!(run["trigger"]["request"]["method"], "SCHEDULE");
    let payload = &run["trigger"]["payload"];
    assert_eq!(
        (&payload["cron"], &run["steps"][0]["variables"]["at"]),
        (&json!("* * * * * *"), &payload["scheduled_at"])
    );
    Ok(())
}

#[tokio::test]
async fn a_disabled_flow_rests_and_makes_up_for_nothing_once_it_is_enabled() -> Result<()> {
    let server = Server::start()?;
    server.publish(&flow("tick", "* * * * * *", "all"))?;
    more_than(&server, "tick", 1).await?;
    let show = |words: &str| -> Result<()> {
        let shown = server.cli(&["flow", "show", "tick"])?;
        ensure!(shown.stdout.contains(words), "{words:?} is not in {}", shown.stdout);
        Ok(())
    };
    show("* * * * * * (Europe/Berlin), next 2")?;
    ensure!(server.cli(&["flow", "disable", "tick"])?.code == 0, "not disabled");
    show("* * * * * * (Europe/Berlin), resting")?;
    assert_eq!(server.get("/tenants/default/flows/tick").await?["schedule"]["next_at"], Value::Null);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let rested = times(&server, "tick").await?.len();
    ensure!(server.cli(&["flow", "enable", "tick"])?.code == 0, "not enabled");
    let times = more_than(&server, "tick", rested + 1).await?;
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap != 1_000).collect();
    assert!(gaps.len() == 1 && gaps[0] >= 3_000, "{gaps:?} in {times:?}");
    Ok(())
}

/// A time counts as missed after a minute, so this test takes more than one.
#[tokio::test]
async fn missed_times_are_skipped_or_made_up_for_once_or_all() -> Result<()> {
    let mut server = Server::start()?;
    for missed in ["skip", "one", "all"] {
        server.publish(&flow(missed, "*/2 * * * * *", missed))?;
    }
    more_than(&server, "all", 0).await?;
    server.stop()?;
    tokio::time::sleep(Duration::from_secs(68)).await;
    server.start_again(&[])?;
    more_than(&server, "all", 30).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut all: Vec<BTreeSet<i64>> = Vec::new();
    for missed in ["skip", "one", "all"] {
        all.push(times(&server, missed).await?.into_iter().collect());
    }
    let [skip, one, all] = all.as_slice() else { anyhow::bail!("not three") };
    // `all` was published last and is read last: it has whatever the others have since then.
    let first = all.first().context("no runs")?;
    let since = |times: &BTreeSet<i64>| times.range(first..).copied().collect::<BTreeSet<_>>();
    let missed: Vec<i64> = all.difference(skip).copied().filter(|time| Some(time) < skip.last()).collect();
    assert!(since(skip).is_subset(all) && since(one).is_subset(all), "nothing but what is due");
    assert!(missed.len() >= 3, "{missed:?}");
    assert!(missed.windows(2).all(|pair| pair[1] - pair[0] == 2_000), "{missed:?}");
    let made_up: Vec<i64> = one.iter().copied().filter(|time| missed.contains(time)).collect();
    assert_eq!(made_up, missed[missed.len() - 1..], "the last of what was missed");
    let gaps: Vec<i64> = all.iter().zip(all.iter().skip(1)).map(|(a, b)| b - a).filter(|gap| *gap != 2_000).collect();
    assert!(gaps.is_empty(), "`all` leaves nothing out: {gaps:?}");
    Ok(())
}

#[tokio::test]
async fn a_schedule_that_cannot_be_is_told_where_it_is_written() -> Result<()> {
    let server = Server::start()?;
    for (wrong, code, words) in [
        (flow("x", "0 9 * *", "skip"), "WEIR-FLOW-CRON", "it has 4 fields"),
        (flow("x", "0 9 30 2 *", "skip"), "WEIR-FLOW-CRON", "never fires"),
        (flow("x", "@dayly", "skip"), "WEIR-FLOW-CRON", "did you mean `@daily`?"),
        (flow("x", "@daily", "al"), "WEIR-FLOW-SCHEDULE", "`all`"),
        (flow("x", "@daily", "skip").replace("Berlin", "Berln"), "WEIR-FLOW-ZONE", "did you mean `Europe/Berlin`?"),
    ] {
        let checked = server.api(Method::POST, "/tenants/default/check").body(wrong.clone()).send().await?;
        let checked: Value = checked.json().await?;
        let finding = &checked["findings"][0];
        assert_eq!((&finding["code"], &finding["line"]), (&json!(code), &json!(3)), "{wrong}: {checked}");
        assert!(finding["message"].as_str().is_some_and(|said| said.contains(words)), "{finding}");
    }
    Ok(())
}
