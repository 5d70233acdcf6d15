//! The flows that the simulation runs. Each begins with an effect, so that no run goes unseen. Pauses are longer than a tick
//! of the simulated clock, so that no order depends on real time.

/// A flow: its name, how many different effects a completed run has, its text.
pub(crate) const FLOWS: [(&str, usize, &str); 7] = [
    ("cleanup", 1, "steps: [{ id: tidy, uses: effect }]"),
    (
        "chain",
        3,
        "on_failure: cleanup
steps:
  - { id: one, uses: effect, retry: { attempts: 3, backoff: 2ms..6ms } }
  - { id: two, uses: effect, retry: { attempts: 3, backoff: 2ms..6ms } }
  - { id: three, uses: effect, retry: { attempts: 2, backoff: 2ms } }",
    ),
    (
        "answered",
        2,
        "steps:
  - { id: answer, uses: response, with: { status: 201 } }
  - { id: one, uses: effect, retry: { attempts: 3, backoff: 2ms..6ms } }
  - { id: two, uses: effect }",
    ),
    (
        "ordered",
        2,
        "ordered: true
steps:
  - { id: one, uses: effect, retry: { attempts: 2, backoff: 2ms } }
  - { id: two, uses: effect }",
    ),
    (
        "parked",
        2,
        "steps:
  - { id: one, uses: effect }
  - { id: pause, uses: wait, with: { for: 110ms } }
  - { id: two, uses: effect, retry: { attempts: 2, backoff: 2ms } }",
    ),
    (
        "forked",
        3,
        "steps:
  - { id: both, uses: parallel, with: { branches: [left, right] }, on: { done: last } }
  - { id: left, uses: effect, on: { next: end } }
  - { id: right, uses: effect, on: { next: end } }
  - { id: last, uses: effect }",
    ),
    (
        "looped",
        3,
        "steps:
  - { id: each, uses: for-each, with: { items: [1, 2] }, on: { item: inside, done: last } }
  - { id: inside, uses: effect, on: { next: end } }
  - { id: last, uses: effect }",
    ),
];

/// The whole definition of a flow.
pub(crate) fn text(name: &str, rest: &str) -> String {
    format!("weir: 1\nname: {name}\n{rest}\n")
}

/// How many different effects a completed run of a flow has.
pub(crate) fn effects(flow: &str) -> usize {
    FLOWS.iter().find(|(name, ..)| *name == flow).map_or(0, |(_, effects, _)| *effects)
}
