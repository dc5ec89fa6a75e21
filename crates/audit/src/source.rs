//! Where a log is read.

use async_trait::async_trait;
use causeway_client::HubClient;

use crate::Trouble;

/// A log that is served as C2SP tlog-tiles.
#[async_trait]
pub trait LogSource: Send + Sync {
    /// The newest checkpoint, a signed note.
    async fn checkpoint(&self) -> Result<Vec<u8>, Trouble>;

    /// The bytes of a tile or of an entry bundle, under its path as `tile/entries/x001/234`.
    async fn tile(&self, path: &str) -> Result<Vec<u8>, Trouble>;
}

#[async_trait]
impl LogSource for HubClient {
    async fn checkpoint(&self) -> Result<Vec<u8>, Trouble> {
        Ok(HubClient::checkpoint(self).await?.into_bytes())
    }

    async fn tile(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        Ok(HubClient::tile(self, path).await?)
    }
}
