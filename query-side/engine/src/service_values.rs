//! Values that services read from files of the installation, such as the keys of an issuer.

use std::sync::{Arc, PoisonError, RwLock};

use axum::http::Extensions;

/// One value of each type. The values are replaced while the process runs. Cheap to clone: all clones are one.
#[derive(Clone, Default)]
pub struct ServiceValues(Arc<RwLock<Extensions>>);

impl ServiceValues {
    /// Puts a value in the place of the one before.
    pub fn put<T: Clone + Send + Sync + 'static>(&self, value: T) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(value);
    }

    /// `None` if this installation has no such file.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get().cloned()
    }
}
