//! A proxy in front of a server that can go silent: its connections stay open, new ones are accepted, and data is held
//! back until the silence ends. For tests of code that might wait forever if no connection breaks.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// The maximum number of bytes that one direction of a connection reads at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// The directions in which data is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    BothWays,
    ToServer,
    FromServer,
}

impl Silence {
    pub const ALL: [Silence; 3] = [Silence::BothWays, Silence::ToServer, Silence::FromServer];

    fn covers(self, way: Direction) -> bool {
        match self {
            Silence::BothWays => true,
            Silence::ToServer => way == Direction::ToServer,
            Silence::FromServer => way == Direction::FromServer,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    FromServer,
}

/// The location of the server.
#[derive(Debug, Clone)]
pub enum Upstream {
    /// A port of this machine.
    Port(u16),
    Socket(PathBuf),
}

#[derive(Default)]
struct SilenceState {
    upstream: Option<Upstream>,
    silence: Option<Silence>,
}

#[derive(Default)]
struct ProxyShared {
    state: Mutex<SilenceState>,
    changed: Condvar,
}

impl ProxyShared {
    fn lock(&self) -> MutexGuard<'_, SilenceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this direction is open.
    fn wait(&self, way: Direction) {
        let is_silent = |state: &mut SilenceState| state.silence.is_some_and(|silence| silence.covers(way));
        drop(self.changed.wait_while(self.lock(), is_silent).unwrap_or_else(PoisonError::into_inner));
    }
}

/// The proxy. It ends with the process.
pub struct SilentProxy {
    /// The proxy's own port on this machine.
    pub port: u16,
    shared: Arc<ProxyShared>,
}

impl SilentProxy {
    /// Opens a port. Connections are refused until the location of the server is set.
    ///
    /// # Panics
    /// If no port is free.
    pub fn start() -> SilentProxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(ProxyShared::default());
        std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for client in listener.incoming().flatten() {
                    // If the server cannot be reached, the client's connection is closed.
                    let _ = connect(client, &shared);
                }
            }
        });
        SilentProxy { port, shared }
    }

    pub fn forward_to(&self, upstream: Upstream) {
        self.shared.lock().upstream = Some(upstream);
    }

    pub fn fall_silent(&self, silence: Silence) {
        self.shared.lock().silence = Some(silence);
    }

    /// Ends the silence: data that was held back is sent.
    pub fn speak(&self) {
        self.shared.lock().silence = None;
        self.shared.changed.notify_all();
    }
}

/// One end of a connection.
trait Wire: Read + Write + Send {
    fn twin(&self) -> io::Result<Box<dyn Wire>>;
    fn end_of_writing(&self);
}

impl Wire for TcpStream {
    fn twin(&self) -> io::Result<Box<dyn Wire>> {
        Ok(Box::new(self.try_clone()?))
    }

    fn end_of_writing(&self) {
        // It may be closed already.
        let _ = self.shutdown(Shutdown::Write);
    }
}

impl Wire for UnixStream {
    fn twin(&self) -> io::Result<Box<dyn Wire>> {
        Ok(Box::new(self.try_clone()?))
    }

    fn end_of_writing(&self) {
        // It may be closed already.
        let _ = self.shutdown(Shutdown::Write);
    }
}

fn connect(client: TcpStream, shared: &Arc<ProxyShared>) -> io::Result<()> {
    let upstream = shared.lock().upstream.clone().ok_or(io::ErrorKind::NotConnected)?;
    let server: Box<dyn Wire> = match upstream {
        Upstream::Port(port) => {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            server.set_nodelay(true)?;
            Box::new(server)
        }
        Upstream::Socket(path) => Box::new(UnixStream::connect(path)?),
    };
    client.set_nodelay(true)?;
    let (client_twin, server_twin): (Box<dyn Wire>, _) = (client.twin()?, server.twin()?);
    pump(Box::new(client), server_twin, Direction::ToServer, Arc::clone(shared));
    pump(server, client_twin, Direction::FromServer, Arc::clone(shared));
    Ok(())
}

/// Starts a thread that forwards data in one direction until its end.
fn pump(mut from: Box<dyn Wire>, mut to: Box<dyn Wire>, way: Direction, shared: Arc<ProxyShared>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = from.read(&mut buffer).unwrap_or(0);
            shared.wait(way);
            if read == 0 || to.write_all(&buffer[..read]).is_err() {
                return to.end_of_writing();
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The time for which no data must arrive during a silence.
    const NOTHING_FOR: Duration = Duration::from_millis(200);
    const DEADLINE: Duration = Duration::from_secs(20);

    /// A server that echoes everything.
    fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let (mut input, mut output) = (client.try_clone().expect("cloned"), client);
                    io::copy(&mut input, &mut output)
                });
            }
        });
        port
    }

    #[test]
    fn what_is_sent_while_it_is_silent_is_kept_back_and_comes_when_it_speaks() {
        let proxy = SilentProxy::start();
        proxy.forward_to(Upstream::Port(echo()));
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).expect("it listens");
        let mut hears = |said: &[u8], wait: Duration| {
            connection.write_all(said).expect("it takes everything");
            connection.set_read_timeout(Some(wait)).expect("set");
            connection.read_exact(&mut [0]).is_ok()
        };
        assert!(hears(b"x", DEADLINE));
        for silence in Silence::ALL {
            proxy.fall_silent(silence);
            assert!(!hears(b"x", NOTHING_FOR), "{silence:?}");
            proxy.speak();
            assert!(hears(b"", DEADLINE), "{silence:?}");
        }
    }
}
