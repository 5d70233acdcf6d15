//! Arming: the development URL answers for a while without a listener. In memory alone; a restart disarms.

use std::time::Duration;

use weir_model::{FlowName, TenantId, Timestamp};

use crate::{Catalog, CatalogError, bounds};

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Lets the development URL answer for a time, at most a day: until when.
    ///
    /// # Errors
    /// Where there is no such flow or the time is none or too long.
    pub fn arm(&self, tenant: &TenantId, name: &FlowName, time: Duration) -> Result<Timestamp, CatalogError> {
        if time.is_zero() || time > bounds::ARMED {
            return Err(CatalogError::Bad("a flow can be armed for 1ms to 1d: give a time such as 15m".into()));
        }
        let until = self.clock.now().plus(time);
        self.existing(tenant, name)?.arm_until(Some(until));
        Ok(until)
    }

    /// Ends that time now.
    ///
    /// # Errors
    /// Where there is no such flow.
    pub fn disarm(&self, tenant: &TenantId, name: &FlowName) -> Result<(), CatalogError> {
        self.existing(tenant, name)?.arm_until(None);
        Ok(())
    }
}
