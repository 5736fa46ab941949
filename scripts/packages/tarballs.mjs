/** The public packages as they would be published, and what may be in them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { basename, dirname, join, posix } from "node:path"
import { pnpm, readJson, refuse, run, workspace } from "./run.mjs"

/** Packs each public package; returns their names, tarballs, unpacked folders and manifests. */
export const pack = async (folder) => {
  const packed = []
  for (const { folder: source, manifest } of workspace().filter(({ manifest }) => manifest.private !== true)) {
    if (!existsSync(`${source}/dist`)) throw new Error(`${source} is not built: run npm run build first`)
    const destination = join(folder, basename(source))
    mkdirSync(destination)
    await run("npx", ["--yes", pnpm(), "--silent", "--dir", source, "pack", "--pack-destination", destination])
    const tarball = join(destination, readdirSync(destination).find((file) => file.endsWith(".tgz")))
    await run("tar", ["-xzf", tarball, "-C", destination])
    const unpacked = join(destination, "package")
    packed.push({ name: manifest.name, source, tarball, unpacked, manifest: readJson(join(unpacked, "package.json")) })
  }
  return packed
}

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => statSync(join(folder, file)).isFile())

/** Everything that is wrong with the files of one package. */
const faults = ({ manifest, name, unpacked }) => {
  const files = filesIn(unpacked)
  const text = (file) => readFileSync(join(unpacked, file), "utf8")
  const missing = ["LICENSE", "README.md", "dist/", "src/"].filter((part) =>
    !files.some((file) => file.startsWith(part))
  )
  const strangers = files.filter((file) => /(^|\/)test\/|\.test\.|\.tsbuildinfo$|node_modules/.test(file))
  const fields = ["repository", "homepage", "bugs", "license"].filter((field) => manifest[field] === undefined)
  return [
    ...missing.map((part) => `has no ${part}`),
    ...strangers.map((file) => `has ${file}`),
    ...fields.map((field) => `says no ${field}`),
    ...(JSON.stringify(manifest).includes("workspace:") ? ["has a workspace: range"] : []),
    ...files.filter((file) => text(file).includes(process.cwd())).map((file) => `${file} has a path of this machine`),
    ...files.filter((file) => file.endsWith(".map")).flatMap((file) =>
      JSON.parse(text(file)).sources
        .filter((source) => !files.includes(posix.join(dirname(file), source)))
        .map((source) => `${file} leads to ${source}, which is not there`)
    )
  ].map((fault) => `${name} ${fault}`)
}

export const checkContents = (packed) => refuse(packed.flatMap(faults))

/** What publint and are-the-types-wrong say of each. */
export const checkManifests = async (packed) => {
  for (const { tarball } of packed) {
    await run("npx", ["publint", "run", tarball, "--strict"])
    await run("npx", ["attw", tarball, "--profile", "esm-only", "--exclude-entrypoints", "./package.json"])
  }
}
