//! One soak, from start to history.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use steadfast::testing::fault_proxy::Passage;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tracing::instrument::WithSubscriber;

use super::drill::drill;
use super::driver::Driver;
use super::ears::hear_recorder;
use super::history::{History, Record};
use super::order::Order;
use super::plan::Plan;
use super::time::{now, pause};
use super::world::World;

/// Does all orders of a plan, and gives what both sides saw.
///
/// # Errors
///
/// When a server or a client cannot be set up.
pub(crate) async fn run<D: Driver>(
    plan: Plan,
    driver: impl FnOnce(&Arc<World>) -> D,
    progress: impl Fn(usize),
) -> io::Result<History> {
    let (began, tasks) = (now(), alive());
    let world = Arc::new(World::start(plan).await?);
    let driver = Arc::new(driver(&world));
    let mut records = storm(&world, &driver, progress).await;
    let (drilled, drill) = drill(&world, &*driver).await;
    records.extend(drilled);
    hear_recorder(&world.ears, &world.recorder);
    let ears = world.ears.clone();

    drop(driver);
    let mut left = Vec::new();
    let (seen, elsewhere) = if let Ok(world) = Arc::try_unwrap(world) {
        close(world).await
    } else {
        left.push("somebody still holds the clients".to_owned());
        (Seen::default(), Vec::new())
    };
    left.extend(tasks_beyond(tasks).await);
    Ok(History {
        plan,
        records,
        operations: seen.operations,
        keys: seen.keys,
        arrivals: arrivals(&seen.passages),
        passages: seen.passages,
        elsewhere,
        leaks: ears.leaks(),
        texts: ears.texts(),
        drill,
        left,
        took: now() - began,
    })
}

/// All orders, so many at once.
async fn storm<D: Driver>(world: &Arc<World>, driver: &Arc<D>, progress: impl Fn(usize)) -> Vec<Record> {
    let listener = tracing::Dispatch::new(world.ears.clone());
    let (mut running, mut records) = (JoinSet::new(), Vec::new());
    for number in 0..world.plan.operations {
        if running.len() == world.plan.concurrency {
            records.extend(running.join_next().await.and_then(Result::ok));
            progress(records.len());
        }
        let (driver, order) = (Arc::clone(driver), Order::draw(world.plan.seed, number));
        running.spawn(async move { driver.run(order).await }.with_subscriber(listener.clone()));
    }
    records.extend(running.join_all().await);
    progress(records.len());
    records
}

/// What the servers saw.
#[derive(Default)]
struct Seen {
    operations: BTreeMap<String, steadfast::testing::payment_api::History>,
    keys: BTreeMap<String, steadfast::testing::payment_api::History>,
    passages: Vec<Passage>,
}

/// Closes the clients first, so that what is left afterwards is a leak; then asks the servers, and stops them.
async fn close(world: World) -> (Seen, Vec<String>) {
    let World {
        api, proxy, elsewhere, ..
    } = world;
    let passages = proxy.passages();
    proxy.stop().await;
    let seen = Seen {
        operations: api.operations(),
        keys: api.keys(),
        passages,
    };
    api.stop().await;
    (seen, elsewhere.stop().await)
}

/// How many requests came under each key.
fn arrivals(passages: &[Passage]) -> HashMap<String, usize> {
    let mut arrivals = HashMap::new();
    for key in passages.iter().flat_map(Passage::keys) {
        *arrivals.entry(key.clone()).or_default() += 1;
    }
    arrivals
}

/// Gives what runs longer than it takes connections to notice that they are closed.
async fn tasks_beyond(before: usize) -> Option<String> {
    for _ in 0..300 {
        if alive() <= before {
            return None;
        }
        pause(Duration::from_millis(10)).await;
    }
    Some(format!("{} tasks are left", alive() - before))
}

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
