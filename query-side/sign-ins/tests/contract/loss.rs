//! Rows and tables that are lost or damaged sign people out, and nothing more.

use crate::harness::{HOUR, Harness, caller, headers};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_table_signs_people_out_and_is_made_again() {
    let harness = Harness::start().await;
    let own = harness.begin(&caller("a")).await;
    harness.world.run("DROP TABLE sign_in").await;
    harness.sign_ins.end(&headers(&[&own])).await.expect("it has ended");
    harness.world.run("DROP TABLE IF EXISTS sign_in").await;
    assert!(!harness.is_there(&own).await);
    let new = harness.begin(&caller("a")).await;
    assert!(harness.is_there(&new).await && !harness.is_there(&own).await);
    harness.world.run("DROP TABLE sign_in").await;
    harness.sign_ins.sweep().await.expect("it is made again");
    assert_eq!(harness.world.stored().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_read_is_a_sign_in_that_has_ended() {
    let harness = Harness::start().await;
    let rows = ["", "{}", "[1]", r#"{"until": 0, "#];
    for account in rows {
        let own = harness.begin(&caller("a")).await;
        let stored = harness.world.stored().await.pop().expect("a row").account;
        let account = if account.starts_with(r#"{"u"#) { stored.replacen('{', account, 1) } else { account.into() };
        harness.world.run(&format!("UPDATE sign_in SET account = '{account}'")).await;
        assert!(!harness.is_there(&own).await, "{account}");
        harness.world.run(&format!("UPDATE sign_in SET account = '{stored}'")).await;
        assert!(harness.is_there(&own).await, "it was the account");
        harness.sign_ins.end(&headers(&[&own])).await.expect("it ends");
    }
    let own = harness.begin(&caller("a")).await;
    harness.world.run("UPDATE sign_in SET begun_at = -9223372036854775807, seen_at = -9223372036854775807").await;
    assert!(!harness.is_there(&own).await);
    harness.at(HOUR);
    harness.sign_ins.sweep().await.expect("it sweeps");
    assert_eq!(harness.world.stored().await, []);
}
