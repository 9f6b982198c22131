use std::io;

use steadfast::IdempotencyKey;
use steadfast::testing::fault_proxy::{Ending, Fault, FaultScript, Point};
use steadfast::testing::{FaultProxy, PaymentApi};
use tokio::runtime::Runtime;

/// A payment server that deduplicates by key, and a proxy that breaks the wire before it; both in threads of their own.
pub(crate) struct FarSide {
    api: PaymentApi,
    proxy: FaultProxy,
    _runtime: Runtime,
}

impl FarSide {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let (api, proxy) = runtime.block_on(async {
            let api = PaymentApi::start().await?;
            let proxy = FaultProxy::start(api.url()).await?;
            io::Result::Ok((api, proxy))
        })?;
        // Each order meets what a plain retry loop charges twice for: the server acts, and its answer is lost.
        proxy.play(FaultScript::list([
            Fault::lost_response(),
            Fault::answer(503),
            Fault::Pass,
            Fault::stall(Point::AfterExecution),
            Fault::Pass,
            Fault::reset(Point::BeforeForwarding),
            Fault::End {
                at: Point::AfterExecution,
                by: Ending::Reset,
            },
            Fault::Pass,
        ]));
        Ok(Self {
            api,
            proxy,
            _runtime: runtime,
        })
    }

    pub(crate) fn endpoint(&self, path: &str) -> String {
        self.proxy.endpoint(path)
    }

    pub(crate) fn effects(&self, key: &IdempotencyKey) -> usize {
        self.api.key(key.as_str()).effects()
    }

    pub(crate) fn attempts(&self) -> usize {
        self.proxy.passages().len()
    }

    pub(crate) fn arrivals(&self) -> usize {
        self.api.arrivals()
    }
}
