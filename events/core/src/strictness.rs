//! Two ways of reading the same text: stored text is read by the rules under which it was accepted, and new input by
//! the rules of today. A rule that becomes stricter must never make an event or a row unreadable.

use std::cell::Cell;

thread_local! {
    static STRICT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` under the rules of today: for input from outside (a command's body), never for stored text.
pub fn strictly<R>(work: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            STRICT.set(self.0);
        }
    }
    let _restore = Restore(STRICT.replace(true));
    work()
}

/// True inside `strictly`.
pub fn is_strict() -> bool {
    STRICT.get()
}
