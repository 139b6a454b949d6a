//! A read model as the engine keeps it: its type erased, its name and version kept.

use std::any::TypeId;

use event_core::{Followed, Projection, ProjectionVisitor, Service};
use event_follow::Checkpoint;

use crate::{
    fold::{Fold, Folding},
    store::ModelKey,
};

/// A read model for the engine to maintain.
#[derive(Clone, Copy)]
pub struct Model {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) type_id: TypeId,
    /// The kinds of events of these services that it does not use.
    pub(crate) passed_over: fn(&[&Service]) -> Vec<&'static str>,
    /// Creates a fold for rows that are stored as of a checkpoint.
    pub(crate) fold: fn(Checkpoint) -> Box<dyn Fold>,
}

impl Model {
    pub(crate) fn key(&self) -> ModelKey {
        ModelKey { name: self.name, version: self.version }
    }
}

/// The read model `P`.
pub fn model<P: Projection>() -> Model {
    Model {
        name: P::NAME,
        version: P::VERSION,
        type_id: TypeId::of::<P>(),
        passed_over: P::Event::passed_over,
        fold: |checkpoint| Box::new(Folding::<P>::after(checkpoint)),
    }
}

/// The read models that `visit` registers: those of one or more services.
pub fn models(visit: impl FnOnce(&mut Models)) -> Vec<Model> {
    let mut models = Models(Vec::new());
    visit(&mut models);
    models.0
}

/// Collects read models without their types.
pub struct Models(Vec<Model>);

impl ProjectionVisitor for Models {
    fn visit<P: Projection>(&mut self) {
        self.0.push(model::<P>());
    }
}
