// Compiles every contract to artifacts/<Name>.json (contracts/) and tests/artifacts/<Name>.json (tests/contracts/), the
// same bytes on every machine. With --check nothing is written; it fails if what is committed differs.
import { readFileSync, readdirSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = dirname(fileURLToPath(import.meta.url));
const check = process.argv.includes("--check");
// EIP-170.
const sizeLimit = 24_576;

/** Every .sol file below a folder, as posix paths relative to this one, in one order everywhere. */
function sources(folder) {
  return readdirSync(join(here, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return path.endsWith(".sol") ? [path] : [];
    });
}

const files = [...sources("contracts"), ...sources("tests/contracts")];
const input = {
  language: "Solidity",
  sources: Object.fromEntries(files.map((file) => [file, { content: readFileSync(join(here, file), "utf8") }])),
  settings: {
    // No opcode that FISCO BCOS 2.x, GoQuorum or a Besu network of any age would lack.
    evmVersion: "istanbul",
    viaIR: true,
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: "none", appendCBOR: false },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
  },
};

const output = JSON.parse(solc.compile(JSON.stringify(input)));
// Every warning is an error, but for the compiler's word that it will drop old EVM versions: it is pinned.
const problems = (output.errors ?? []).filter((e) => !e.message.startsWith("Support for EVM versions older than london"));
for (const problem of problems) console.error(problem.formattedMessage);
if (problems.length > 0) process.exit(1);

let stale = 0;
const wanted = new Map();
for (const file of files) {
  for (const [name, contract] of Object.entries(output.contracts[file] ?? {})) {
    const bytecode = contract.evm.bytecode.object;
    // Interfaces, abstract contracts and libraries of internal functions are inside the contracts that use them.
    if (bytecode === "" || contract.abi.length === 0) continue;
    const folder = file.startsWith("tests/") ? "tests/artifacts" : "artifacts";
    const deployedBytecode = contract.evm.deployedBytecode.object;
    const size = deployedBytecode.length / 2;
    if (size > sizeLimit) {
      console.error(`${name}: ${size} bytes of code, the limit is ${sizeLimit}`);
      process.exitCode = 1;
    }
    const artifact = {
      contractName: name,
      abi: contract.abi,
      bytecode: `0x${bytecode}`,
      deployedBytecode: `0x${deployedBytecode}`,
    };
    wanted.set(posix.join(folder, `${name}.json`), JSON.stringify(artifact, null, 2) + "\n");
    console.log(`${name.padEnd(24)} ${String(size).padStart(6)} bytes`);
  }
}

for (const folder of ["artifacts", "tests/artifacts"]) {
  mkdirSync(join(here, folder), { recursive: true });
  for (const name of readdirSync(join(here, folder))) {
    const path = posix.join(folder, name);
    if (wanted.has(path)) continue;
    stale += 1;
    console.error(`${path}: no contract of this name`);
    if (!check) rmSync(join(here, path));
  }
}
for (const [path, text] of wanted) {
  let committed = null;
  try {
    committed = readFileSync(join(here, path), "utf8");
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  if (committed === text) continue;
  stale += 1;
  if (check) console.error(`${path}: differs from what its sources compile to`);
  else writeFileSync(join(here, path), text);
}
if (check && stale > 0) process.exit(1);
