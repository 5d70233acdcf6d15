//! The bus with listeners that come, go and lag.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use weir_model::{EventKind, FlowName, Json, Mode, RunId, Timestamp};

use super::*;

fn event(seq: u32) -> Arc<DebugEvent> {
    Arc::new(DebugEvent {
        tenant: TenantId::new("default").unwrap(),
        flow: FlowName::new("lead").unwrap(),
        run: RunId::from_bytes([1; 16]),
        mode: Mode::Development,
        seq,
        at: Timestamp::from_millis(0),
        kind: EventKind::Variables { changed: Json::null() },
    })
}

/// The next event, where one is there already.
fn next(subscription: &mut Subscription) -> Option<u32> {
    match pin!(subscription.recv()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(event) => event.map(|event| event.seq),
        Poll::Pending => None,
    }
}

#[test]
fn events_reach_the_listeners_of_their_flow_alone() {
    let bus = Arc::new(DebugBus::default());
    let (tenant, other) = (TenantId::new("default").unwrap(), TenantId::new("other").unwrap());
    let (flow, another) = (FlowId::from_bytes([1; 16]), FlowId::from_bytes([2; 16]));
    bus.publish(&tenant, flow, event(0));
    let (mut a, mut b) = (bus.subscribe(&tenant, flow), bus.subscribe(&tenant, flow));
    let mut c = bus.subscribe(&other, flow);
    assert_eq!((bus.listeners(&tenant, flow), bus.listeners(&tenant, another)), (2, 0));
    bus.publish(&tenant, flow, event(1));
    bus.publish(&tenant, another, event(2));
    assert_eq!((next(&mut a), next(&mut a)), (Some(1), None));
    assert_eq!((next(&mut b), next(&mut c)), (Some(1), None));
    drop(a);
    assert_eq!(bus.listeners(&tenant, flow), 1);
    drop((b, c));
    assert_eq!(bus.listeners(&tenant, flow), 0);
    assert!(bus.channels.read().is_empty());
}

#[test]
fn a_slow_listener_misses_the_oldest_and_knows_how_many() {
    let bus = Arc::new(DebugBus::default());
    let (tenant, flow) = (TenantId::new("default").unwrap(), FlowId::from_bytes([1; 16]));
    let mut slow = bus.subscribe(&tenant, flow);
    for seq in 0..300 {
        bus.publish(&tenant, flow, event(seq));
    }
    assert_eq!(next(&mut slow), Some(44));
    assert_eq!(slow.dropped(), 44);
}
