//! Changing the channel's configuration.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::crypto::{Organisation, generate};
use crate::files;
use crate::network::{lay_out_peers, write};
use crate::{Network, NodeError};

impl Network {
    /// Adds the next organisation to the channel by a config update that the administrators of all present ones sign,
    /// starts its peers, and has it approve and run every chaincode. Answers its index.
    pub async fn add_organisation(&mut self) -> Result<usize, NodeError> {
        let index = self.organisations.len();
        let number = index + 1;
        generate(&self.binaries, &self.path, number..=number, self.config.peers).await?;
        let mut organisation = Organisation::numbered(&self.path.join("crypto"), number);
        lay_out_peers(&self.path, &self.binaries, &mut organisation, self.config.peers)?;

        let folder = self.path.join(format!("update-{number}"));
        write(&folder.join("configtx.yaml"), &files::one_organisation(&organisation))?;
        let group = self
            .tool("configtxgen", &["-printOrg", &organisation.msp])
            .configured(&folder)
            .run()
            .await
            .and_then(|printed| parse("configtxgen", &printed))?;
        self.update(&folder, |config| {
            config["channel_group"]["groups"]["Application"]["groups"][&organisation.msp] = group.clone();
        })
        .await?;

        self.start_peers(&organisation).await?;
        self.organisations.push(organisation);
        for chaincode in &self.chaincodes {
            self.install(index, &chaincode.package.path).await?;
            self.approve(index, chaincode).await?;
        }
        Ok(index)
    }

    /// Applies `change` to the newest configuration, has every organisation's administrator sign the update, and sends it.
    pub async fn update(&self, folder: &Path, change: impl Fn(&mut Value)) -> Result<(), NodeError> {
        let block = folder.join("block");
        fs::write(&block, self.config_block().await?).map_err(NodeError::io("writing", &block))?;
        let block = self.decode("common.Block", &block).await?;
        let before = &block["data"]["data"][0]["payload"]["data"]["config"];
        let mut after = before.clone();
        change(&mut after);
        let before = self.encode("common.Config", folder.join("before"), before).await?;
        let after = self.encode("common.Config", folder.join("after"), &after).await?;

        let update = folder.join("update");
        let [before, after, output] = [&before, &after, &update].map(|path| path.display().to_string());
        let channel = &self.config.channel;
        let compute = ["compute_update", "--channel_id", channel, "--original", &before, "--updated", &after];
        let compute: Vec<&str> = compute.into_iter().chain(["--output", &output]).collect();
        self.tool("configtxlator", &compute).run().await?;

        let header = json!({ "channel_header": { "channel_id": channel, "type": 2 } });
        let update = self.decode("common.ConfigUpdate", &update).await?;
        let envelope = json!({ "payload": { "header": header, "data": { "config_update": update } } });
        let envelope = self.encode("common.Envelope", folder.join("envelope"), &envelope).await?;
        let envelope = envelope.display().to_string();
        for organisation in &self.organisations {
            let (admin, address) = (organisation.user("Admin")?, organisation.first_peer()?);
            self.peer_command(&admin, &address, &["channel", "signconfigtx", "-f", &envelope]).await?;
        }
        let (admin, address) = self.first_admin()?;
        let send = self.ordered(&admin, &["channel", "update", "-f", &envelope, "-c", channel]);
        self.insist(&admin, &address, &send).await.map(drop)
    }

    async fn decode(&self, kind: &str, path: &Path) -> Result<Value, NodeError> {
        let path = path.display().to_string();
        let decode = ["proto_decode", "--type", kind, "--input", &path];
        parse(kind, &self.tool("configtxlator", &decode).run().await?)
    }

    /// Writes a message to `path`, and answers it.
    async fn encode(&self, kind: &str, path: PathBuf, value: &Value) -> Result<PathBuf, NodeError> {
        let from = path.with_extension("json");
        write(&from, value)?;
        let [from, to] = [&from, &path].map(|path| path.display().to_string());
        let encode = ["proto_encode", "--type", kind, "--input", &from, "--output", &to];
        self.tool("configtxlator", &encode).run().await?;
        Ok(path)
    }
}

fn parse(what: &str, bytes: &[u8]) -> Result<Value, NodeError> {
    serde_json::from_slice(bytes).map_err(|error| NodeError::shape(what, "JSON", error))
}
