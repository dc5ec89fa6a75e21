//! Bearer tokens.

use causeway_api::{CreateToken, CreatedToken, Page, RotateToken, Token};
use uuid::Uuid;

use crate::request::Request;
use crate::{ClientError, HubClient};

impl HubClient {
    /// Makes a token; the answer is the only one that ever holds its secret: `POST /v1/tokens`.
    pub async fn create_token(&self, token: &CreateToken) -> Result<CreatedToken, ClientError> {
        self.json(Request::post(&["v1", "tokens"]).json(token)?).await
    }

    /// One page of tokens: `GET /v1/tokens`. `next` is the one of the page before.
    pub async fn tokens(&self, next: Option<&str>) -> Result<Page<Token>, ClientError> {
        self.json(Request::get(&["v1", "tokens"]).query_if("next", next)).await
    }

    /// Replaces a token by a new one, whose secret only this answer holds: `POST /v1/tokens/{id}/rotate`.
    pub async fn rotate_token(&self, id: Uuid, rotate: &RotateToken) -> Result<CreatedToken, ClientError> {
        self.json(Request::post(&["v1", "tokens", &id.to_string(), "rotate"]).json(rotate)?).await
    }

    /// Revokes a token: `POST /v1/tokens/{id}/revoke`.
    pub async fn revoke_token(&self, id: Uuid) -> Result<Token, ClientError> {
        self.json(Request::post(&["v1", "tokens", &id.to_string(), "revoke"])).await
    }
}
