//! Everything that is measured, one after the other: a full namespace slows down all others.

use std::thread::sleep;

use crate::filled::CLEARED;
use crate::plan::Plan;
use crate::table::Row;
use crate::{beside, established, idle, owners, syn_recv, time_wait};

/// Every row of the table. An error: a command failed, or gave wrong numbers, which are not worth timing.
pub(crate) fn all(plan: &Plan) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let mut add = |name: &str, measure: &dyn Fn() -> Result<Vec<Row>, String>| {
        if plan.wants(name) {
            let measured = measure().map_err(|error| format!("{name}: {error}"))?;
            rows.extend(measured);
            sleep(CLEARED);
        }
        Ok::<(), String>(())
    };
    add("idle", &|| idle::rows(plan))?;
    for size in &plan.established {
        add("established", &|| established::rows(*size, plan))?;
    }
    add("beside", &|| beside::rows(plan))?;
    add("time-wait", &|| time_wait::rows(plan))?;
    add("owners", &|| owners::rows(plan))?;
    add("syn-recv", &|| syn_recv::rows(plan))?;
    Ok(rows)
}
