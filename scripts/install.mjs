/** Installs the workspace when the lockfile is newer than what is installed. Needs only Node and npm: pnpm comes through npx. */
import { spawnSync } from "node:child_process"
import { readFileSync, statSync, writeFileSync } from "node:fs"

const stamp = "node_modules/.installed"
const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1
const inputs = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"]

if (modified(stamp) < Math.max(...inputs.map(modified))) {
  const { packageManager } = JSON.parse(readFileSync("package.json", "utf8"))
  const pnpm = packageManager.split("+")[0]
  process.stderr.write(`Installing dependencies with ${pnpm}; this happens once.\n`)
  const { error, status } = spawnSync(
    "npx",
    ["--yes", pnpm, "install", "--frozen-lockfile", "--reporter=append-only"],
    {
      shell: process.platform === "win32",
      stdio: ["ignore", process.stderr.fd, process.stderr.fd]
    }
  )
  if (error !== undefined || status !== 0) {
    process.stderr.write(`The installation failed${error === undefined ? "" : `: ${error.message}`}.\n`)
    process.exit(status ?? 1)
  }
  writeFileSync(stamp, "")
}
