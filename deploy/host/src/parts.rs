//! The parts of a running process. A part is a task with a name and the stage at which it is stopped. If one part ends,
//! the process ends.

use std::pin::Pin;

use anyhow::{Context, anyhow, bail};
use futures::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The point at which a part is stopped. Stages are stopped in this order, each after the parts of the stage before it
/// have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Accepts requests.
    Public,
    /// Processes stored events: follows, relays, monitors.
    Work,
    /// Stores. The caller closes it, and then it ends by itself.
    Storage,
    /// Serves the operator until all other parts have ended.
    Operator,
}

impl Stage {
    const ALL: [Stage; 4] = [Stage::Public, Stage::Work, Stage::Storage, Stage::Operator];
}

type Run = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// A task of the process. It runs until its token is cancelled.
pub struct Part {
    name: &'static str,
    stage: Stage,
    run: Box<dyn FnOnce(CancellationToken) -> Run + Send>,
}

impl Part {
    /// A part that can fail.
    pub fn new<F>(name: &'static str, stage: Stage, run: impl FnOnce(CancellationToken) -> F + Send + 'static) -> Part
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        Part { name, stage, run: Box::new(|stop| Box::pin(run(stop))) }
    }

    /// A part that ends only when it is stopped; any other end is a bug.
    pub fn endless<F>(
        name: &'static str,
        stage: Stage,
        run: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) -> Part
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Part::new(name, stage, |stop| run(stop).map(Ok))
    }
}

/// Parts that have started.
pub struct RunningParts {
    tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
    names: Vec<(&'static str, Stage)>,
    stops: [CancellationToken; Stage::ALL.len()],
    /// The first fault of any part.
    fault: Option<anyhow::Error>,
}

impl RunningParts {
    pub fn start(parts: Vec<Part>) -> RunningParts {
        let stops: [CancellationToken; Stage::ALL.len()] = Default::default();
        let (mut tasks, mut names) = (JoinSet::new(), Vec::new());
        for Part { name, stage, run } in parts {
            names.push((name, stage));
            let stop = stops[stage as usize].clone();
            tasks.spawn(async move { (name, run(stop).await) });
        }
        RunningParts { tasks, names, stops, fault: None }
    }

    /// Runs `begin`, and then waits until `ended` is ready (`Ok`), or a part ends without having been stopped.
    ///
    /// # Errors
    /// The error of `begin`, or the name of the part that ended and the reason.
    pub async fn until(
        &mut self,
        begin: impl Future<Output = anyhow::Result<()>>,
        ended: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        let (mut begin, mut ended) = (std::pin::pin!(begin.fuse()), std::pin::pin!(ended));
        loop {
            tokio::select! {
                () = &mut ended => return Ok(()),
                Some(part) = self.next() => bail!("{} ended by itself", part?),
                begun = &mut begin => begun?,
            }
        }
    }

    /// Stops the parts of a stage and waits until they have ended. The time limit is the caller's.
    pub async fn stop(&mut self, stage: Stage) {
        self.stops[stage as usize].cancel();
        while self.names.iter().any(|(_, running)| *running == stage) {
            if let Some(Err(error)) = self.next().await {
                self.fault.get_or_insert(error);
            }
        }
    }

    /// # Errors
    /// The first fault of any part.
    pub fn outcome(self) -> anyhow::Result<()> {
        self.fault.map_or(Ok(()), Err)
    }

    /// The next part that ends, and its outcome. The name of a part that panicked is unknown, so the caller stops
    /// waiting after it.
    async fn next(&mut self) -> Option<anyhow::Result<&'static str>> {
        match self.tasks.join_next().await? {
            Ok((name, outcome)) => {
                self.names.retain(|(running, _)| *running != name);
                Some(outcome.map(|()| name).with_context(|| format!("{name} ended")))
            }
            Err(error) => {
                self.names.clear();
                // The error's own text contains the text of the panic, which may quote data.
                let how = if error.is_panic() { "panicked" } else { "was cancelled" };
                Some(Err(anyhow!("a task {how}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    async fn why_it_ends(run: impl Future<Output = anyhow::Result<()>> + Send + 'static) -> String {
        let views = Part::new("views", Stage::Work, |_| run);
        let public = Part::endless("public", Stage::Public, |_| std::future::pending());
        let mut running = RunningParts::start(vec![views, public]);
        let ended = running.until(std::future::pending(), std::future::pending()).await;
        format!("{:#}", ended.expect_err("the process ends"))
    }

    #[tokio::test]
    async fn one_parts_end_is_the_processs_end() {
        assert_eq!(why_it_ends(async { Ok(()) }).await, "views ended by itself");
        assert_eq!(why_it_ends(async { bail!("no more rows") }).await, "views ended: no more rows");
        let panicked = why_it_ends(async { std::panic::resume_unwind(Box::new("a bug")) }).await;
        assert_eq!(panicked, "a task panicked", "the panic's own text may quote data");
    }

    #[tokio::test]
    async fn a_stage_is_stopped_alone_and_waited_for() {
        let ended = Arc::new(Mutex::new(Vec::new()));
        let part = |name, stage| {
            let ended = Arc::clone(&ended);
            Part::endless(name, stage, move |stop| async move {
                stop.cancelled().await;
                ended.lock().expect("the list").push(name);
            })
        };
        let parts = vec![part("admin", Stage::Operator), part("views", Stage::Work), part("keys", Stage::Work)];
        let mut running = RunningParts::start(parts);
        running.stop(Stage::Public).await;
        running.stop(Stage::Work).await;
        let mut first = ended.lock().expect("the list").clone();
        first.sort_unstable();
        assert_eq!(first, ["keys", "views"]);
        running.stop(Stage::Operator).await;
        assert!(ended.lock().expect("the list").contains(&"admin"));
        running.outcome().expect("no part has failed");
    }

    #[tokio::test]
    async fn the_fault_of_a_part_that_is_being_stopped_is_the_outcome() {
        let part = Part::new("views", Stage::Work, |stop| async move {
            stop.cancelled().await;
            bail!("the disk is full")
        });
        let mut running = RunningParts::start(vec![part]);
        running.stop(Stage::Work).await;
        assert_eq!(format!("{:#}", running.outcome().expect_err("it failed")), "views ended: the disk is full");
    }
}
