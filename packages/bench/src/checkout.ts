import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

/** Resolves the bench's imports of Effect and of our packages from another checkout, so that the bench itself is the same for both. */
const hooks = `
let from, bench
export const initialize = (data) => { ({ from, bench } = data) }
export const resolve = (specifier, context, next) =>
  /^(effect|effect-kinesis|@effect-kinesis\\/[^/]+)(\\/|$)/.test(specifier) && context.parentURL?.startsWith(bench)
    ? next(specifier, { ...context, parentURL: from })
    : next(specifier, context)
`

/** The arguments with which a process runs the packages of the checkout in this folder. */
export const flagsFor = (folder: string): ReadonlyArray<string> => {
  const data = {
    from: pathToFileURL(join(resolve(folder), "packages/bench/package.json")).href,
    bench: new URL(".", import.meta.url).href
  }
  const hooksUrl = `data:text/javascript,${encodeURIComponent(hooks)}`
  const registration = `import { register } from "node:module"
register(${JSON.stringify(hooksUrl)}, { data: ${JSON.stringify(data)} })`
  return ["--import", `data:text/javascript,${encodeURIComponent(registration)}`]
}

/** Builds the packages of another checkout. */
export const build = (folder: string): void => {
  if (!existsSync(join(folder, "node_modules"))) {
    throw new Error(`${folder} must be a checkout of this repository with its dependencies installed`)
  }
  process.stderr.write(`Building ${folder}.\n`)
  const { status } = spawnSync("npm", ["run", "--silent", "build"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"]
  })
  if (status !== 0) throw new Error(`npm run build in ${folder} ended with ${status}`)
}
