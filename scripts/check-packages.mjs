/** Packs each public package as it would be published, and has publint and are-the-types-wrong look at the tarball. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"

const { packageManager } = JSON.parse(readFileSync("package.json", "utf8"))
const pnpm = packageManager.split("+")[0]
const folder = mkdtempSync(join(tmpdir(), "packed-"))

/** What a program says is shown only when it fails. */
const run = (command, ...args) => {
  const { status, stderr, stdout } = spawnSync(command, args, { encoding: "utf8" })
  if (status === 0) return
  process.stderr.write(`${command} ${args.join(" ")}\n${stdout}${stderr}`)
  process.exitCode = 1
}

try {
  for (const name of readdirSync("packages")) {
    const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"))
    if (manifest.private === true) continue
    if (!existsSync(`packages/${name}/dist`)) throw new Error(`packages/${name} is not built: run npm run build first`)
    run("npx", "--yes", pnpm, "--silent", "--dir", `packages/${name}`, "pack", "--pack-destination", folder)
  }
  for (const tarball of readdirSync(folder).map((file) => join(folder, file))) {
    run("npx", "publint", "run", tarball, "--strict")
    run("npx", "attw", tarball, "--profile", "esm-only", "--exclude-entrypoints", "./package.json")
    process.stdout.write(`checked ${basename(tarball)}\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
