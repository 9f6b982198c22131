//! After the storm: does the breaker heal, and does it still when its probes were dropped?

use std::time::Duration;

use steadfast::StopReason;
use steadfast::breaker::State;
use steadfast::testing::fault_proxy::{Fault, FaultScript, Point};

use super::driver::Driver;
use super::history::{End, Record};
use super::order::Order;
use super::plan::Guards;
use super::world::World;

/// Opens the breaker, drops its probes, and lets the server recover; all that was done, and what was wrong.
pub(super) async fn drill(world: &World, driver: &impl Driver) -> (Vec<Record>, Vec<String>) {
    let mut drill = Drill {
        world,
        driver,
        records: Vec::new(),
        wrong: Vec::new(),
    };
    if world.plan.guards == Guards::Everyday {
        world.calm.set();
        drill.heals().await;
        drill.opens().await;
        if drill.drops_probes().await {
            drill.recovers().await;
        }
    }
    (drill.records, drill.wrong)
}

struct Drill<'a, D> {
    world: &'a World,
    driver: &'a D,
    records: Vec<Record>,
    wrong: Vec<String>,
}

impl<D: Driver> Drill<'_, D> {
    /// The server is well again: after as many probes as it takes, all pass.
    async fn heals(&mut self) {
        self.world.proxy.play(FaultScript::pass());
        for _ in 0..20 {
            if self.world.circuit() == State::Closed {
                return;
            }
            self.world.clock.sleep(LONGEST_OPEN).await;
            for _ in 0..PROBES {
                self.charge(None).await;
            }
        }
        self.wrong
            .push(format!("after the storm the breaker is {}", self.world.circuit()));
    }

    /// The server fails for everyone until the breaker opens.
    async fn opens(&mut self) {
        self.always(Fault::answer(500));
        // What was before is out of the window then.
        self.world.clock.sleep(LONGEST_OPEN).await;
        for _ in 0..300 {
            if self.world.circuit() == State::Open {
                return;
            }
            self.charge(None).await;
        }
        self.wrong.push("the breaker does not open".to_owned());
    }

    /// The server stalls and the probes' callers leave; false if that could not be brought about.
    ///
    /// A probe that fails before its caller leaves, on a connection that was just being closed, opens the breaker as it
    /// should: that says nothing of those that are dropped, and it begins anew.
    async fn drops_probes(&mut self) -> bool {
        self.always(Fault::stall(Point::BeforeForwarding));
        for _ in 0..20 {
            self.world.clock.sleep(LONGEST_OPEN).await;
            let mut left = 0;
            for _ in 0..PROBES {
                let probe = self.charge(Some(Duration::from_millis(20))).await;
                left += usize::from(probe.end == End::Left);
            }
            if left == PROBES && self.world.circuit() == State::HalfOpen {
                return true;
            }
        }
        self.wrong.push("no probes could be dropped".to_owned());
        false
    }

    /// The server is well, and the places of the dropped probes are free: none of as many new ones is refused.
    async fn recovers(&mut self) {
        self.world.proxy.play(FaultScript::pass());
        for _ in 0..PROBES {
            let probe = self.charge(None).await;
            if probe.stop == Some(StopReason::CircuitOpen) {
                let circuit = self.world.circuit();
                return self
                    .wrong
                    .push(format!("a probe is refused after others were dropped: {circuit}"));
            }
            if !probe.is_success() {
                // A machine that is too slow, and the breaker is open again: that says nothing.
                return;
            }
        }
        if self.world.circuit() != State::Closed {
            self.wrong
                .push(format!("after its probes the breaker is {}", self.world.circuit()));
        }
    }

    fn always(&self, fault: Fault) {
        self.world.proxy.play(FaultScript::random(0).rate(1.0, fault));
    }

    async fn charge(&mut self, leaves_after: Option<Duration>) -> Record {
        let id = format!("drill-{}", self.records.len());
        let key = leaves_after.map(|_| id.clone());
        let order = Order {
            key,
            leaves_after,
            ..Order::plain(id)
        };
        let record = self.driver.run(order).await;
        self.records.push(record.clone());
        record
    }
}

/// What the default breaker lets through while half-open.
const PROBES: usize = 3;
/// Beyond the longest time for which the default breaker stays open, jitter included.
const LONGEST_OPEN: Duration = Duration::from_secs(90);
