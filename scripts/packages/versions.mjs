/** What `changeset version` would do: one new version for all that is published, and nothing for the rest. */
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { readJson, refuse, run, workspace } from "./run.mjs"

/** Runs it in a copy of the workspace's manifests; returns the version that they would get. */
export const checkVersions = async (copy) => {
  mkdirSync(copy)
  for (const file of ["package.json", "pnpm-workspace.yaml", ".changeset"]) {
    cpSync(file, join(copy, file), { recursive: true })
  }
  for (const { folder } of workspace()) cpSync(`${folder}/package.json`, join(copy, folder, "package.json"))
  const git = (...args) => run("git", ["-c", "user.name=a", "-c", "user.email=a@localhost", ...args], { cwd: copy })
  await git("init", "--quiet")
  await git("add", ".")
  await git("commit", "--quiet", "--message", "before")
  await run(process.execPath, [join(process.cwd(), "node_modules/@changesets/cli/bin.js"), "version"], { cwd: copy })
  const after = workspace().map(({ folder, manifest }) => ({
    ...manifest,
    to: readJson(join(copy, folder, "package.json")).version
  }))
  const published = after.filter((one) => one.private !== true)
  const [{ to: next, version: before }] = published
  const isMajor = (version) => !version.startsWith("0.")
  refuse([
    ...published.filter(({ to }) => to !== next).map(({ name, to }) => `${name} would be ${to}, others ${next}`),
    ...(isMajor(next) && !isMajor(before) ? [`${before} would become ${next}`] : []),
    ...workspace().filter(({ manifest }) => manifest.private === true).flatMap(({ folder, manifest: { name } }) => [
      ...(readFileSync(join(copy, folder, "package.json"), "utf8") === readFileSync(`${folder}/package.json`, "utf8")
        ? []
        : [`${name} is private, and its package.json would change`]),
      ...(existsSync(join(copy, folder, "CHANGELOG.md")) ? [`${name} is private, and would get a CHANGELOG.md`] : [])
    ])
  ])
  return next
}
