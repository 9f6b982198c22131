//! One table of operations, played by every driver: the same attempts, waits, reasons and effects, whoever drives.
//!
//! A driver takes part by a [`Subject`] in a module of its own and `check(&Subject)`. Where its contract allows only a
//! part of the table it says which, and why, by [`check_where`].

mod client;
mod drive;
mod function;
mod row;
mod server;
mod table;
mod tower;

pub(crate) use row::{Again, Answer, Circuit, Ended, Keyed, Of503, Row, Seen};
pub(crate) use server::Server;

/// A driver of operations.
pub(crate) trait Subject {
    /// Plays one row against the server, in time that is not real, and tells what the driver reports.
    fn play(&self, row: &Row, server: &Server) -> Seen;
}

/// Plays the whole table.
pub(crate) fn check(subject: &dyn Subject) {
    assert_eq!(check_where(subject, |_| true), table::rows().len());
}

/// Plays the rows that a driver's contract covers, and says how many those were.
pub(crate) fn check_where(subject: &dyn Subject, covers: impl Fn(&Row) -> bool) -> usize {
    let rows: Vec<_> = table::rows().into_iter().filter(covers).collect();
    let wrong: Vec<_> = rows.iter().flat_map(|row| faults(subject, row)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    rows.len()
}

fn faults(subject: &dyn Subject, row: &Row) -> Vec<String> {
    let server = Server::new(&row.answers);
    let seen = subject.play(row, &server);
    let mut faults = row.compare(&seen);
    faults.extend(row.compare_keys(&server.keys()));
    faults
        .into_iter()
        .map(|fault| format!("{}: {fault}", row.name))
        .collect()
}
