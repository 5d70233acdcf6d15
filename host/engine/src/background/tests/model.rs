//! The lane beside a model of it: whatever happens, each run that was accepted comes to its end, and none is alive twice.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use weir_cluster::{QueuedRun, When};
use weir_model::{Clock, RunId, TenantId, Timestamp};

use super::super::turns::Caps;
use super::{DAY, MOST, ORDERED, Yard, tenant};

#[derive(Clone, Debug)]
enum Act {
    Accept(u8, u8),
    Turn,
    End(usize),
    Park(usize, bool, u16),
    Cancel(usize),
    TakeAndGiveBack(usize),
    Pass(u16),
    Jump(bool),
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0_u8..3, 1_u8..4).prop_map(|(tenant, kind)| Act::Accept(tenant, kind)),
        8 => Just(Act::Turn),
        4 => any::<usize>().prop_map(Act::End),
        3 => (any::<usize>(), any::<bool>(), any::<u16>()).prop_map(|(at, is_at, span)| Act::Park(at, is_at, span)),
        1 => any::<usize>().prop_map(Act::Cancel),
        2 => any::<usize>().prop_map(Act::TakeAndGiveBack),
        3 => any::<u16>().prop_map(Act::Pass),
        1 => any::<bool>().prop_map(Act::Jump),
        1 => Just(Act::Restart),
    ]
}

/// Where a run stands, as far as the lane was told.
#[derive(Debug)]
enum Phase {
    Ready,
    Parked(When, Timestamp),
    /// Parked, and its time came.
    Due(When, Timestamp),
    Alive(Box<QueuedRun>),
}

/// What the lane must do, in the simplest form.
struct Model {
    yard: Yard,
    runs: HashMap<RunId, (TenantId, u8, Phase)>,
    /// Runs in the order in which they were accepted.
    order: Vec<RunId>,
    ended: usize,
}

impl Model {
    fn nth(&self, at: usize, is_alive: bool) -> Option<RunId> {
        let fits =
            |run: &&RunId| self.runs.get(run).is_some_and(|(.., phase)| matches!(phase, Phase::Alive(_)) == is_alive);
        let fitting: Vec<_> = self.order.iter().filter(fits).collect();
        fitting.get(at.checked_rem(fitting.len())?).map(|run| **run)
    }

    fn take_alive(&mut self, at: usize) -> Option<(TenantId, u8, QueuedRun)> {
        let run = self.nth(at, true)?;
        match self.runs.remove(&run)? {
            (tenant, kind, Phase::Alive(queued)) => Some((tenant, kind, *queued)),
            _ => None,
        }
    }

    fn turn(&mut self) -> bool {
        let Some(queued) = self.yard.turn() else { return false };
        let run = queued.key.run;
        let first = self
            .order
            .iter()
            .find(|id| self.runs.get(*id).is_some_and(|(of, kind, _)| *of == queued.key.tenant && *kind == ORDERED));
        let is_first = first == Some(&run);
        let (_, kind, phase) = self.runs.get_mut(&run).expect("a run that was accepted and is not done");
        assert!(matches!(phase, Phase::Ready | Phase::Due(..)), "{run} is {phase:?}");
        assert!(*kind != ORDERED || is_first, "{run} is not first in its flow");
        *phase = Phase::Alive(Box::new(queued));
        self.check_bounds();
        true
    }

    fn check_bounds(&self) {
        let mut alive: HashMap<(TenantId, u8), usize> = HashMap::new();
        for (tenant, kind, phase) in self.runs.values() {
            if matches!(phase, Phase::Alive(_)) {
                *alive.entry((tenant.clone(), *kind)).or_default() += 1;
                *alive.entry((tenant.clone(), 0)).or_default() += 1;
            }
        }
        for ((_, kind), count) in alive {
            assert!(count <= [MOST, MOST, 2, 1][usize::from(kind)]);
        }
    }

    fn fire(&mut self) {
        self.yard.fire();
        let (wall, steady) = (self.yard.clock.now(), self.yard.steady.now());
        for (.., phase) in self.runs.values_mut() {
            if let Phase::Parked(when, due) = *phase
                && due <= if when == When::At { wall } else { steady }
            {
                *phase = Phase::Due(when, due);
            }
        }
    }

    fn restart(&mut self) {
        self.yard.restart();
        for (.., phase) in self.runs.values_mut() {
            let key = match phase {
                Phase::Alive(queued) => queued.key.clone(),
                Phase::Due(when, due) => {
                    *phase = Phase::Parked(*when, *due);
                    continue;
                }
                _ => continue,
            };
            *phase = match key.when {
                When::Ready | When::Held => Phase::Ready,
                when => Phase::Parked(when, key.due),
            };
        }
        self.fire();
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Accept(of, kind) => {
                let of = tenant(of);
                let run = self.yard.accept(&of, kind);
                self.order.push(run);
                self.runs.insert(run, (of, kind, Phase::Ready));
            }
            Act::Turn => drop(self.turn()),
            Act::End(at) => {
                if let Some((.., queued)) = self.take_alive(at) {
                    self.yard.end(&queued);
                    self.ended += 1;
                }
            }
            Act::Park(at, is_at, span) => {
                let Some((of, kind, queued)) = self.take_alive(at) else { return };
                let (when, now) =
                    if is_at { (When::At, self.yard.clock.now()) } else { (When::After, self.yard.steady.now()) };
                let (run, due) = (queued.key.run, now.plus(Duration::from_millis(u64::from(span))));
                self.yard.park(queued, when, due);
                self.runs.insert(run, (of, kind, Phase::Parked(when, due)));
            }
            Act::Cancel(at) => {
                if let Some(run) = self.nth(at, true) {
                    assert!(!self.yard.background.claim(run), "a run that is alive");
                }
                let Some(run) = self.nth(at, false) else { return };
                assert!(self.yard.background.claim(run), "a run that waits");
                let (of, ..) = self.runs.remove(&run).unwrap();
                let queued = self.yard.queue.get(&of, run).unwrap().unwrap();
                self.yard.end(&queued);
                self.ended += 1;
            }
            Act::TakeAndGiveBack(at) => {
                let Some(run) = self.nth(at, false) else { return };
                assert!(self.yard.background.claim(run));
                self.turn();
                self.fire();
                self.yard.background.release(run);
                self.fire();
            }
            Act::Pass(millis) => {
                self.yard.clock.pass(i64::from(millis));
                self.fire();
            }
            Act::Jump(is_back) => {
                self.yard.clock.jump(if is_back { -DAY } else { DAY });
                self.fire();
            }
            Act::Restart => self.restart(),
        }
    }

    /// Everything that was accepted comes to its end.
    fn finish(&mut self) {
        for _ in 0..100 {
            if self.runs.is_empty() {
                break;
            }
            self.yard.clock.pass(DAY);
            self.fire();
            while self.turn() {}
            while let Some((.., queued)) = self.take_alive(0) {
                self.yard.end(&queued);
                self.ended += 1;
                self.turn();
            }
        }
        assert!(self.runs.is_empty(), "left behind: {:?}", self.runs);
        assert_eq!(self.ended, self.order.len());
        assert!(self.yard.queue.counts().unwrap().is_empty());
        assert!((0..3).all(|of| self.yard.background.admit(&tenant(of), 1)), "and none is counted");
        assert!(self.yard.background.state.lock().is_empty(), "nothing is left in memory");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_each_run_has_its_turns_and_none_has_two_at_once(acts in prop::collection::vec(act(), 1..150)) {
        let caps = Caps { of_tenant: 4, of_all: 7, page: 3, ..Caps::default() };
        let mut model = Model { yard: Yard::with(caps), runs: HashMap::new(), order: Vec::new(), ended: 0 };
        for act in &acts {
            model.act(act);
        }
        model.finish();
    }
}
