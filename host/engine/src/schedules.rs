//! Flows that start by themselves: which of their times are due, and that each starts one run at most, whatever stops the
//! server in between. A run it started is like any other of the background lane; it executes none.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_catalog::schedule_key;
use weir_cluster::{Change, Expect};
use weir_flow::Cron;
use weir_model::{FlowId, Missed, Mode, Origin, OriginKind, RequestInfo, RunId, ScheduleDef, Timestamp};

use crate::once::start_once;
use crate::payload::Payload;
use crate::run::{RunContext, Start};
use crate::{EngineError, Hook, Release, Services};

/// The longest pause between two looks at the clock, so that a jump of it is seen.
const LOOK: Duration = Duration::from_millis(500);
const SHORTEST: Duration = Duration::from_millis(1);
/// A time that is later than this counts as missed.
const LATE: Duration = Duration::from_secs(60);
/// Missed times that are made up for, at most.
const MOST_MADE_UP: usize = 1_000;
/// Times within `LATE`, at most: an expression may name each second.
const MOST_ON_TIME: usize = 100;
/// Runs of one flow that are started before others have their turn.
const AT_ONCE: usize = 32;

/// Follows all schedules until the store fails.
pub(crate) async fn run_schedules(services: Arc<Services>) {
    let mut watch = Watch::default();
    while services.cluster.is_healthy() {
        let pause = watch.look(&services).await;
        tokio::time::sleep(pause).await;
    }
}

/// How far a flow's schedule was followed, as it is stored.
#[derive(Serialize, Deserialize)]
struct Mark {
    /// When the flow had been enabled or published; another moment means that it starts anew.
    since: Timestamp,
    /// The last time for which a run was started.
    at: Timestamp,
}

#[derive(Default)]
struct Watch {
    flows: HashMap<FlowId, Followed>,
}

/// A flow whose schedule is followed.
struct Followed {
    since: Timestamp,
    version: u32,
    cron: Cron,
    missed: Missed,
    /// Times up to this moment were seen.
    seen: Timestamp,
    /// The first time after it.
    next: Option<Timestamp>,
    /// Times seen that have no run yet.
    due: VecDeque<Timestamp>,
    /// Whether its last run could not be started; it is tried again.
    is_stuck: bool,
}

impl Watch {
    /// Starts what is due; how long to wait until the next look.
    async fn look(&mut self, services: &Arc<Services>) -> Duration {
        let now = services.clock.now();
        let hooks = services.catalog.scheduled();
        self.flows.retain(|flow, _| hooks.contains_key(flow));
        for hook in hooks.values() {
            if let Err(error) = self.follow(services, hook, now) {
                tracing::error!(tenant = %hook.tenant, flow = %hook.name, %error, "A schedule could not be read.");
            }
        }
        let mut starting = Vec::new();
        for (flow, followed) in &mut self.flows {
            if let Some(hook) = hooks.get(flow).filter(|_| !followed.due.is_empty()) {
                starting.push(followed.start(services, hook));
            }
        }
        let marks: Vec<Change> = join_all(starting).await.into_iter().flatten().collect();
        for marks in marks.chunks(Change::MAX_AT_ONCE) {
            if let Err(error) = services.cluster.definitions.apply(marks.to_vec()).await {
                tracing::error!(%error, "It could not be stored how far schedules were followed.");
            }
        }
        self.pause(services.clock.now())
    }

    fn follow(&mut self, services: &Services, hook: &Arc<Hook>, now: Timestamp) -> Result<(), EngineError> {
        let (Some(schedule), Some(release)) = (hook.schedule(), &hook.published) else { return Ok(()) };
        let is_same = |known: &Followed| known.since == hook.fresh_since() && known.version == release.version;
        if !self.flows.get(&hook.flow).is_some_and(is_same) {
            let followed = Followed::begin(services, hook, schedule, release.version)?;
            self.flows.insert(hook.flow, followed);
        }
        if let Some(followed) = self.flows.get_mut(&hook.flow) {
            followed.look(now);
        }
        Ok(())
    }

    fn pause(&self, now: Timestamp) -> Duration {
        let flowing = self.flows.values().filter(|followed| !followed.is_stuck);
        let next = flowing.filter_map(|followed| followed.due.front().copied().or(followed.next)).min();
        next.map_or(LOOK, |next| next.since(now).clamp(SHORTEST, LOOK))
    }
}

impl Followed {
    fn begin(services: &Services, hook: &Hook, schedule: &ScheduleDef, version: u32) -> Result<Self, EngineError> {
        let cron = Cron::of(schedule).map_err(|error| EngineError::Invalid(error.to_string()))?;
        let stored = services.cluster.definitions.get(&schedule_key(&hook.tenant, hook.flow))?;
        let mark: Option<Mark> = stored.and_then(|doc| serde_json::from_slice(&doc.body).ok());
        let since = hook.fresh_since();
        let seen = mark.filter(|mark| mark.since == since).map_or(since, |mark| mark.at);
        let next = cron.next(seen);
        Ok(Self { since, version, cron, missed: schedule.missed, seen, next, due: VecDeque::new(), is_stuck: false })
    }

    /// Takes up what became due. Where the clock went back nothing is, until it is again where it was.
    fn look(&mut self, now: Timestamp) {
        if !self.due.is_empty() || self.next.is_none_or(|next| next > now) {
            return;
        }
        self.due = due(&self.cron, self.missed, self.seen, now);
        self.seen = now;
        self.next = self.cron.next(now);
    }

    /// Starts some of the runs that are due; what to store of it.
    async fn start(&mut self, services: &Arc<Services>, hook: &Arc<Hook>) -> Option<Change> {
        let release = hook.published.as_ref()?;
        let mut last = None;
        for _ in 0..AT_ONCE {
            let Some(at) = self.due.front().copied() else { break };
            if let Err(error) = start_at(services, hook, release, at).await {
                if !self.is_stuck {
                    tracing::warn!(tenant = %hook.tenant, flow = %hook.name, %at, %error, "A scheduled run waits.");
                }
                // It is looked at again as if it had not been seen: later it may count as missed.
                (self.is_stuck, self.seen, self.next) = (true, at.minus(SHORTEST), Some(at));
                self.due.clear();
                break;
            }
            self.due.pop_front();
            (self.is_stuck, last) = (false, Some(at));
        }
        let mark = Mark { since: self.since, at: last? };
        let body = serde_json::to_vec(&mark).ok()?;
        Some(Change::put(schedule_key(&hook.tenant, hook.flow), Expect::Any, body))
    }
}

/// The times after `seen` and up to `now` that get a run, in their order.
fn due(cron: &Cron, missed: Missed, seen: Timestamp, now: Timestamp) -> VecDeque<Timestamp> {
    let too_late = now.minus(LATE + SHORTEST);
    let mut times = match missed {
        Missed::Skip => VecDeque::new(),
        Missed::One => cron.newest(seen, too_late, 1),
        Missed::All => cron.newest(seen, too_late, MOST_MADE_UP),
    };
    times.extend(cron.newest(seen.max(too_late), now, MOST_ON_TIME));
    times
}

/// Starts the run of one time. Its id is made of the flow and the time, so that it is the same if this is tried again.
async fn start_at(
    services: &Arc<Services>,
    hook: &Hook,
    release: &Arc<Release>,
    at: Timestamp,
) -> Result<(), EngineError> {
    let [_, _, _, _, _, _, seed @ ..] = *hook.flow.as_bytes();
    let id = RunId::derived(at, seed);
    let schedule = release.plan.schedule.as_deref();
    let payload = match schedule.and_then(|schedule| schedule.payload.as_ref()) {
        Some(payload) => Payload::of(payload),
        None => Payload::of(&json!({ "scheduled_at": at, "cron": schedule.map(|schedule| &schedule.cron) })),
    };
    let payload = payload.map_err(|error| EngineError::Invalid(error.to_string()))?;
    let now = services.clock.now();
    let request = RequestInfo {
        method: "SCHEDULE".to_owned(),
        path: "/".to_owned(),
        query: format!("scheduled_at={at}"),
        headers: Vec::new(),
        content_type: Some("application/json".to_owned()),
        client_ip: None,
        received_at: now,
    };
    let start = Start {
        tenant: hook.tenant.clone(),
        flow: hook.name.clone(),
        flow_id: hook.flow,
        release: Arc::clone(release),
        mode: Mode::Production,
        request: Arc::new(request),
        body: Bytes::copy_from_slice(payload.json().text().as_bytes()),
        payload,
        origin: Some(Origin { kind: OriginKind::Schedule, run: None }),
    };
    let mut context = RunContext::new(Arc::clone(services), id, start, None);
    // A run that makes up for a missed time starts now, and stands in line behind what came before it.
    context.started_at = now;
    start_once(services, context).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-11-24T{text}Z")).unwrap()
    }

    fn followed(cron: &str, missed: Missed, seen: Timestamp) -> Followed {
        let cron = Cron::new(cron, None).unwrap();
        let next = cron.next(seen);
        Followed { since: seen, version: 1, cron, missed, seen, next, due: VecDeque::new(), is_stuck: false }
    }

    fn due_at(cron: &str, missed: Missed, seen: &str, now: &str) -> Vec<String> {
        let cron = Cron::new(cron, None).unwrap();
        let times = due(&cron, missed, at(seen), at(now));
        times.into_iter().map(|time| time.to_string().chars().skip(11).take(8).collect()).collect()
    }

    #[test]
    fn what_is_more_than_a_minute_late_is_missed_and_treated_as_the_flow_says() {
        let minutes = |missed, now| due_at("* * * * *", missed, "09:00:00", now);
        assert_eq!(minutes(Missed::Skip, "09:05:30"), ["09:05:00"]);
        assert_eq!(minutes(Missed::One, "09:05:30"), ["09:04:00", "09:05:00"]);
        assert_eq!(minutes(Missed::All, "09:03:30"), ["09:01:00", "09:02:00", "09:03:00"]);
        assert_eq!(minutes(Missed::Skip, "09:01:30"), ["09:01:00"], "a little late is not missed");
        let daily = |missed, now| due_at("30 8 * * *", missed, "08:00:00", now);
        assert_eq!(daily(Missed::Skip, "08:31:00"), ["08:30:00"], "a minute late to the moment");
        assert!(daily(Missed::Skip, "08:31:01").is_empty());
        assert_eq!(
            (daily(Missed::One, "23:00:00"), daily(Missed::All, "23:00:00")),
            (vec!["08:30:00".into()], vec!["08:30:00".into()])
        );
        let seconds = due_at("* * * * * *", Missed::All, "00:00:00", "10:00:00");
        assert_eq!(seconds.len(), MOST_MADE_UP + 61);
        assert_eq!(seconds.last().map(String::as_str), Some("10:00:00"));
        assert_eq!(due_at("* * * * * *", Missed::Skip, "09:59:57", "10:00:00").len(), 3);
    }

    #[test]
    fn a_clock_that_goes_back_fires_nothing_twice_and_one_that_leaps_nothing_twice_either() {
        let mut flow = followed("* * * * *", Missed::All, at("09:00:00"));
        flow.look(at("09:00:59"));
        assert!(flow.due.is_empty());
        flow.look(at("09:01:00"));
        assert_eq!((flow.due.pop_front(), flow.next), (Some(at("09:01:00")), Some(at("09:02:00"))));
        flow.look(at("08:00:00"));
        flow.look(at("09:01:30"));
        assert!(flow.due.is_empty(), "it went back and came again");
        flow.look(at("09:10:00"));
        assert_eq!((flow.due.len(), flow.due.front()), (9, Some(&at("09:02:00"))));
        flow.look(at("09:20:00"));
        assert_eq!(flow.due.len(), 9, "first what is due already");
        flow.due.clear();
        flow.look(at("09:20:00"));
        assert_eq!((flow.due.len(), flow.due.front()), (10, Some(&at("09:11:00"))));
    }

    #[test]
    fn the_next_look_is_at_the_next_time_and_never_far_off() {
        let mut watch = Watch::default();
        assert_eq!(watch.pause(at("09:00:00")), LOOK);
        let flow = FlowId::from_bytes([1; 16]);
        watch.flows.insert(flow, followed("* * * * *", Missed::Skip, at("09:00:00")));
        assert_eq!(watch.pause(at("09:00:30")), LOOK);
        assert_eq!(watch.pause(at("09:00:59.9")), Duration::from_millis(100));
        watch.flows.insert(
            FlowId::from_bytes([2; 16]),
            Followed { is_stuck: true, ..followed("* * * * *", Missed::Skip, at("08:00:00")) },
        );
        assert_eq!(watch.pause(at("09:00:30")), LOOK, "what is stuck is not tried without a pause");
    }
}
