//! Flows that take their runs strictly one after another: which run of each is under way, from its turn until it is done,
//! parked or not. Who is next is on disk; one run of each flow is known here.

use std::collections::{HashMap, VecDeque};

use weir_model::{FlowId, RunId, TenantId};

use super::gates::Held;

pub(super) struct Order {
    pub(super) tenant: TenantId,
    pub(super) under_way: RunId,
    /// Runs whose time came though another one is under way: of requests that were accepted at the same moment, the later
    /// one may have been taken first.
    pub(super) blocked: VecDeque<Held>,
}

/// All such flows that have runs.
#[derive(Default)]
pub(super) struct Orders(HashMap<FlowId, Order>);

impl Orders {
    pub(super) fn get_mut(&mut self, flow: FlowId) -> Option<&mut Order> {
        self.0.get_mut(&flow)
    }

    pub(super) fn under_way(&self, flow: FlowId) -> Option<RunId> {
        self.0.get(&flow).map(|order| order.under_way)
    }

    pub(super) fn begin(&mut self, tenant: &TenantId, flow: FlowId, run: RunId) {
        let order = Order { tenant: tenant.clone(), under_way: run, blocked: VecDeque::new() };
        self.0.insert(flow, order);
    }

    /// Whether it is the run's turn; otherwise it waits for it.
    pub(super) fn enter(&mut self, flow: FlowId, held: Held) -> bool {
        match self.0.get_mut(&flow) {
            Some(order) if order.under_way == held.key.run => true,
            Some(order) => {
                order.blocked.push_back(held);
                false
            }
            None => {
                self.begin(&held.key.tenant, flow, held.key.run);
                true
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(&mut self, flow: FlowId) {
        self.0.remove(&flow);
    }
}
