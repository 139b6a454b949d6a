//! Two readers of one text: what is stored is read by the rule under which it was accepted, what somebody asks now by the
//! rule of today. A rule that grows stricter must never make an event or a row unreadable.

use std::cell::Cell;

thread_local! {
    static STRICT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` under the rules of today: for what comes from outside (a command's body), never for what is stored.
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
