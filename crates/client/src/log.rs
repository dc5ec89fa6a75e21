//! The transparency log, as anybody reads it: public, and checked by who reads it.

use crate::request::Request;
use crate::{ClientError, HubClient};

impl HubClient {
    /// The newest checkpoint, a signed note as it was served: `GET /checkpoint`.
    pub async fn checkpoint(&self) -> Result<String, ClientError> {
        let request = Request::get(&["checkpoint"]);
        let unfit =
            |_| ClientError::Answer { call: "GET /checkpoint".into(), detail: "not UTF-8".to_owned() };
        String::from_utf8(self.send(&request).await?).map_err(unfit)
    }

    /// The bytes of a tile or of an entry bundle under its path of C2SP tlog-tiles, as `tile/0/x001/234`: `GET /tile/…`.
    pub async fn tile(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        let segments: Vec<&str> = path.split('/').collect();
        self.send(&Request::get(&segments)).await
    }
}
