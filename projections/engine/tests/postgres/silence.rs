//! Connections that go silent: they are neither closed nor refused, but no data arrives, as behind a firewall that
//! drops its state. A proxy between the views and a real PostgreSQL stops forwarding.

use std::path::PathBuf;

use local::postgres::SERVER;
use projection_engine::{ModelState, Views, Waited, model};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    sync::watch,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use views::Practices;

use crate::{
    harness::{DEADLINE, Running, Written, practice},
    sharing::until,
    world::views_url,
};

/// PostgreSQL's name for the socket of its usual port.
const SOCKET: &str = ".s.PGSQL.5432";

struct Proxy {
    folder: TempDir,
    silent: watch::Sender<bool>,
}

impl Proxy {
    fn start() -> Proxy {
        let folder = TempDir::new().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let (silent, _) = watch::channel(false);
        tokio::spawn({
            let silent = silent.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(forward(client, silent.subscribe()));
                }
            }
        });
        Proxy { folder, silent }
    }
}

/// Connections that were open when the silence began stay silent after it has ended.
async fn forward(mut client: UnixStream, mut silent: watch::Receiver<bool>) {
    let mut server = UnixStream::connect(PathBuf::from(&SERVER.folder).join(SOCKET)).await.expect("it is there");
    tokio::select! {
        biased;
        began = silent.wait_for(|silent| *silent) => assert!(began.is_ok(), "the test goes on"),
        _ = copy_bidirectional(&mut client, &mut server) => return,
    }
    std::future::pending::<()>().await;
}

async fn row_is_there(views: &Views, number: usize) -> Result<bool, projection_engine::ViewsError> {
    let reading = views.reader::<Practices>();
    let row = timeout(DEADLINE, async { reading.row(&Practices::key(&practice(number))).await }).await;
    row.expect("it is answered in time").map(|read| read.value.is_some())
}

/// The bug: no call had a time limit, so queries and views waited indefinitely until the processes were restarted.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_silent_is_an_error_in_time_and_everything_goes_on_afterwards() {
    let folder = TempDir::new().expect("a folder");
    let mut written = Written::open(folder.path()).await;
    let proxy = Proxy::start();
    let url = views_url(folder.path()).await;
    let url = url.replace(&SERVER.folder, &proxy.folder.path().display().to_string());
    let open = async || {
        Views::open(&url, written.log.clone(), vocabulary::SERVICES, vec![model::<Practices>()])
            .await
            .expect("they open")
    };
    let (following, reading) = (Running::of(open().await), open().await);
    let stop = CancellationToken::new();
    let looking = tokio::spawn({
        let (reading, stop) = (reading.clone(), stop.clone());
        async move { reading.look(stop).await }
    });
    let end = written.open_practice(1).await;
    following.caught_up(end).await;
    assert_eq!(reading.reader::<Practices>().wait_for(end, DEADLINE).await, Waited::Reached);

    proxy.silent.send_replace(true);
    let end = written.open_practice(2).await;
    let (row, page) = tokio::join!(row_is_there(&reading, 1), row_is_there(&following.views, 1));
    assert!(row.is_err() && page.is_err(), "{row:?} {page:?}");
    for views in [&following.views, &reading] {
        until(async || matches!(views.status()[0].state, ModelState::Retrying { .. })).await;
    }
    let rebuilt = timeout(DEADLINE, reading.rebuild("practices", |_| {})).await.expect("it ends in time");
    assert!(rebuilt.is_err(), "{rebuilt:?}");

    proxy.silent.send_replace(false);
    following.caught_up(end).await;
    assert!(row_is_there(&following.views, 2).await.expect("it reads"));
    // Its connection for notifications was silent as well.
    assert_eq!(reading.reader::<Practices>().wait_for(end, DEADLINE).await, Waited::Reached);
    assert!(row_is_there(&reading, 2).await.expect("it reads"));
    for views in [&following.views, &reading] {
        until(async || views.status()[0].state == ModelState::Following).await;
    }
    stop.cancel();
    looking.await.expect("it does not panic");
    following.stop().await.expect("it ends well");
}
