/** Programs that the checks of the packages run, and the files that they look at. */
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/**
 * Runs a program to its end without blocking, and resolves to its standard output. Fails with all it said unless it ends well, or `fails`
 * says that it may not.
 */
export const run = (command, args, { cwd = process.cwd(), env = {}, fails = false } = {}) =>
  new Promise((resolve, reject) => {
    const shell = process.platform === "win32"
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      shell,
      stdio: ["ignore", "pipe", "pipe"]
    })
    let out = ""
    let all = ""
    child.stdout.on("data", (piece) => {
      out += piece
      all += piece
    })
    child.stderr.on("data", (piece) => all += piece)
    child.on("error", reject)
    child.on(
      "close",
      (status) =>
        status === 0 || fails
          ? resolve(out)
          : reject(new Error(`${command} ${args.join(" ")}\nended with ${status}:\n${all}`))
    )
  })

/** Fails with what is wrong, if anything is. */
export const refuse = (faults) => {
  if (faults.length > 0) throw new Error(faults.join("\n"))
}

export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"))

/** The workspace's packages: their folders and manifests. */
export const workspace = () =>
  readdirSync("packages").map((name) => {
    const folder = `packages/${name}`
    return { folder, manifest: readJson(`${folder}/package.json`) }
  })

/** The program that packs and publishes, as npx takes it. */
export const pnpm = () => readJson("package.json").packageManager.split("+")[0]
