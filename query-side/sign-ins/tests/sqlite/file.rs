//! The file `sign-ins.db`.

use std::os::unix::fs::PermissionsExt;

use sign_ins::{SignIns, SignInsError};

use crate::harness::{Harness, caller, find};

#[tokio::test(flavor = "multi_thread")]
async fn the_files_are_for_the_server_alone() {
    let harness = Harness::start().await;
    harness.begin(&caller("a")).await;
    let folder = harness.world.file().parent().expect("a folder").to_owned();
    let files: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().expect("is there").permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    // One that was made otherwise becomes so.
    std::fs::set_permissions(harness.world.file(), PermissionsExt::from_mode(0o644)).expect("changed");
    let _reopened = harness.reopened().await;
    assert_eq!(std::fs::metadata(harness.world.file()).expect("is there").permissions().mode() & 0o777, 0o600);
}

fn remove(harness: &Harness) {
    for ending in ["", "-wal", "-shm"] {
        let mut file = harness.world.file().into_os_string();
        file.push(ending);
        std::fs::remove_file(file).expect("is there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_file_signs_people_out() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    remove(&harness);
    let reopened = harness.reopened().await;
    assert!(find(&reopened, &own).await.is_none());
    let new = harness.begin(&caller("a")).await;
    assert!(harness.is_there(&new).await, "a server that runs goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_replaced() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    remove(&harness);
    std::fs::write(harness.world.file(), vec![b'x'; 20_000]).expect("written");
    let reopened = harness.reopened().await;
    assert!(find(&reopened, &own).await.is_none());
    reopened.begin(&caller("a"), "Ada").await.expect("it begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_while_it_is_open_is_replaced() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    // Moves everything into the file, every page of which is then damaged.
    harness.world.multiply(2_000).await;
    harness.world.run("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let length = usize::try_from(std::fs::metadata(harness.world.file()).expect("is there").len()).expect("small");
    let file = std::fs::OpenOptions::new().write(true).open(harness.world.file()).expect("opens");
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0xff; length - 4_096], 4_096).expect("written");
    assert!(!harness.is_there(&own).await);
    let new = harness.begin(&caller("a")).await;
    assert!(harness.is_there(&new).await);
    assert_eq!(harness.world.stored().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_form_is_replaced() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    harness.world.run("DROP TABLE sign_in; CREATE TABLE sign_in (token TEXT)").await;
    assert!(!harness.is_there(&own).await);
    let new = harness.begin(&caller("a")).await;
    assert!(harness.is_there(&new).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_address_of_views_is_refused() {
    for url in ["", "sqlite:", "mysql://host/x", "sqlite:/tmp/sign-ins.db", "sqlite:sign-ins.db", "postgres://[/"] {
        let refused = SignIns::open(url).await.err();
        assert!(matches!(refused, Some(SignInsError::Unusable(_))), "{url}: {refused:?}");
    }
    let refused = SignIns::open("sqlite:/proc/nothing/views.db").await.err();
    assert!(matches!(refused, Some(SignInsError::Store(_))), "{refused:?}");
}
