//! Chaincode on the channel: deployed, its endorsement policy changed, invoked through Fabric's own command line.

use std::path::Path;

use serde_json::json;

use crate::chaincode::{Deployed, package};
use crate::network::reserve;
use crate::node::{Plan, Server};
use crate::{Chaincode, Identity, Network, NodeError, Policy};

/// The version of every chaincode here: what changes is its sequence.
const VERSION: &str = "1";

impl Network {
    /// Starts a chaincode, installs it on every peer, has every organisation approve its definition, and commits it.
    pub async fn deploy(&mut self, chaincode: Chaincode) -> Result<(), NodeError> {
        let Chaincode { name, binary, policy, arguments, environment } = chaincode;
        let port = reserve()?;
        let folder = self.path.join("chaincode").join(&name);
        std::fs::create_dir_all(&folder).map_err(NodeError::io("creating", &folder))?;
        let address = format!("127.0.0.1:{}", port.number());
        let package = package(&folder, &name, &address)?;
        let own = [("CHAINCODE_ID", &package.id), ("CHAINCODE_SERVER_ADDRESS", &address)];
        let own = own.map(|(name, value)| (name.to_owned(), value.clone()));
        let server = Server::new(Plan {
            name: format!("chaincode {name}"),
            port,
            more_ports: Vec::new(),
            log: folder.join("log"),
            program: binary,
            arguments,
            environment: own.into_iter().chain(environment).collect(),
        });
        server.start().await?;
        self.chaincodes.push(Deployed { name: name.clone(), policy, sequence: 1, package, server });
        let deployed = self.deployed(&name)?;
        for index in 0..self.organisations.len() {
            self.install(index, &deployed.package.path).await?;
        }
        self.define(deployed).await
    }

    /// Changes whose endorsements a chaincode's transactions need, by a new sequence of its definition.
    pub async fn set_policy(&mut self, name: &str, policy: Policy) -> Result<(), NodeError> {
        let none = || NodeError::NoSuch { what: "chaincode", name: name.into() };
        let deployed =
            self.chaincodes.iter_mut().find(|chaincode| chaincode.name == name).ok_or_else(none)?;
        deployed.policy = policy;
        deployed.sequence += 1;
        self.define(self.deployed(name)?).await
    }

    /// Calls a chaincode's function with one peer of every organisation endorsing, waits until the first organisation's
    /// peer has committed it as valid.
    pub async fn invoke(&self, chaincode: &str, arguments: &[&str]) -> Result<(), NodeError> {
        let all: Vec<usize> = (0..self.organisations.len()).collect();
        self.invoke_with(&all, chaincode, arguments).await
    }

    /// [`Network::invoke`] with peers of these organisations endorsing, whatever the policy asks for. What peers find invalid
    /// stands in a block, and is an error.
    pub async fn invoke_with(
        &self,
        endorsers: &[usize],
        chaincode: &str,
        arguments: &[&str],
    ) -> Result<(), NodeError> {
        let organisation = self.organisation(0)?;
        let (user, address) = (organisation.user("User1")?, organisation.first_peer()?);
        let call = json!({ "Args": arguments }).to_string();
        let command = ["chaincode", "invoke", "-n", chaincode, "-C", &self.config.channel, "-c", &call];
        let mut command = self.ordered(&user, &command);
        command.push("--waitForEvent".into());
        command.extend(self.endorsers(endorsers)?);
        self.peer_command(&user, &address, &command).await.map(drop)
    }

    /// What the first organisation's first peer answers to a call of a chaincode's function.
    pub async fn query(&self, chaincode: &str, arguments: &[&str]) -> Result<Vec<u8>, NodeError> {
        let organisation = self.organisation(0)?;
        let (user, address) = (organisation.user("User1")?, organisation.first_peer()?);
        let call = json!({ "Args": arguments }).to_string();
        let command = ["chaincode", "query", "-n", chaincode, "-C", &self.config.channel, "-c", &call];
        let mut answer = self.peer_command(&user, &address, &command).await?;
        answer.pop_if(|last| *last == b'\n');
        Ok(answer)
    }

    /// Installs a package on every peer of an organisation.
    pub(crate) async fn install(&self, organisation: usize, package: &Path) -> Result<(), NodeError> {
        let organisation = self.organisation(organisation)?;
        let (admin, path) = (organisation.user("Admin")?, package.display().to_string());
        for address in organisation.peer_addresses() {
            self.peer_command(&admin, &address, &["lifecycle", "chaincode", "install", &path]).await?;
        }
        Ok(())
    }

    /// Has an organisation approve a chaincode's present definition.
    pub(crate) async fn approve(&self, organisation: usize, of: &Deployed) -> Result<(), NodeError> {
        let organisation = self.organisation(organisation)?;
        let (admin, address) = (organisation.user("Admin")?, organisation.first_peer()?);
        let mut arguments = self.definition(&admin, "approveformyorg", of);
        arguments.extend(["--package-id".into(), of.package.id.clone()]);
        self.insist(&admin, &address, &arguments).await.map(drop)
    }

    /// Has every organisation approve a chaincode's present definition, and commits it.
    pub(crate) async fn define(&self, chaincode: &Deployed) -> Result<(), NodeError> {
        for index in 0..self.organisations.len() {
            self.approve(index, chaincode).await?;
        }
        let (admin, address) = self.first_admin()?;
        let mut arguments = self.definition(&admin, "commit", chaincode);
        let all: Vec<usize> = (0..self.organisations.len()).collect();
        arguments.extend(self.endorsers(&all)?);
        self.peer_command(&admin, &address, &arguments).await.map(drop)
    }

    fn definition(&self, admin: &Identity, command: &str, of: &Deployed) -> Vec<String> {
        let sequence = of.sequence.to_string();
        let start = ["lifecycle", "chaincode", command, "--channelID", &self.config.channel];
        let flags = ["--name", &of.name, "--version", VERSION, "--sequence", &sequence];
        let arguments: Vec<&str> = start.into_iter().chain(flags).collect();
        self.ordered(admin, &arguments).into_iter().chain(of.policy.flag()).collect()
    }

    /// The flags that name the first peer of these organisations as endorsers.
    fn endorsers(&self, organisations: &[usize]) -> Result<Vec<String>, NodeError> {
        let mut flags = Vec::new();
        for index in organisations {
            let organisation = self.organisation(*index)?;
            flags.extend(["--peerAddresses".into(), organisation.first_peer()?, "--tlsRootCertFiles".into()]);
            flags.push(organisation.tls_root_file().display().to_string());
        }
        Ok(flags)
    }

    fn deployed(&self, name: &str) -> Result<&Deployed, NodeError> {
        let none = || NodeError::NoSuch { what: "chaincode", name: name.into() };
        self.chaincodes.iter().find(|chaincode| chaincode.name == name).ok_or_else(none)
    }
}
