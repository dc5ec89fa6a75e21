//! One address for whichever server is the primary, as a virtual address or a connection pooler is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards to a port of this machine, or to none.
pub(crate) struct Proxy {
    port: u16,
    target: Arc<AtomicU16>,
    /// Counts how often everything was cut off.
    cut: watch::Sender<u64>,
}

impl Proxy {
    /// Forwards to `target` from now on.
    pub(crate) async fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(target));
        let cut = watch::Sender::new(0);
        let (current, cuts) = (target.clone(), cut.clone());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (current, mut cuts) = (current.clone(), cuts.subscribe());
                tokio::spawn(async move {
                    let port = current.load(Ordering::Relaxed);
                    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { port, target, cut }
    }

    /// Ends every connection; new ones fail.
    pub(crate) fn cut(&self) {
        self.target.store(0, Ordering::Relaxed);
        self.cut.send_modify(|count| *count += 1);
    }

    /// Forwards to `target` from now on.
    pub(crate) fn point_to(&self, target: u16) {
        self.target.store(target, Ordering::Relaxed);
    }

    /// `url` by way of this proxy.
    pub(crate) fn through(&self, url: &str) -> String {
        url.replace(&format!(":{}/", port_of(url)), &format!(":{}/", self.port))
    }
}

/// The port in the URL of a database.
pub(crate) fn port_of(url: &str) -> u16 {
    let after_host = url.rsplit_once(':').unwrap().1;
    after_host.split('/').next().unwrap().parse().unwrap()
}
