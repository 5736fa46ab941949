/**
 * Makes one program of the command of packages/server and all that it needs: loaded module by module it takes three times as long to start,
 * and half as much memory again. The licenses of what is in it go beside it.
 */
import { build } from "esbuild"
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

const folder = "packages/server"
const out = `${folder}/dist`

/** `require`, for what is bundled and not a module of today. */
const banner = { js: "import{createRequire as $require}from\"node:module\";const require=$require(import.meta.url);" }

/** Loaded only when they are needed, from where the package is installed. */
const external = ["selfsigned", "@smithy/signature-v4", "@smithy/core/checksum"]

const bundled = await build({
  entryPoints: [`${folder}/src/bin.ts`],
  bundle: true,
  splitting: true,
  minify: true,
  platform: "node",
  format: "esm",
  target: "node20",
  mainFields: ["module", "main"],
  conditions: ["module"],
  banner,
  external,
  outdir: out,
  chunkNames: "bundle/[name]-[hash]",
  allowOverwrite: true,
  metafile: true,
  logLevel: "error"
})

for (const left of ["bin.js.map", "bin.d.ts", "bin.d.ts.map"]) rmSync(join(out, left), { force: true })

/** The folder of the package that a file belongs to, unless it is one of this repository. */
const packageOf = (file) => {
  if (!file.includes("node_modules")) return undefined
  for (let at = dirname(resolve(file)); at !== "/"; at = dirname(at)) {
    const manifest = join(at, "package.json")
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name !== undefined) return at
  }
  return undefined
}

const licenseOf = (at) => {
  const { license, name, version } = JSON.parse(readFileSync(join(at, "package.json"), "utf8"))
  const file = readdirSync(at).find((each) => /^(licen[cs]e|copying)/i.test(each))
  const text = file === undefined ? `License: ${license}` : readFileSync(join(at, file), "utf8").trim()
  return `${name} ${version}\n\n${text}\n`
}

const used = Object.values(bundled.metafile.outputs).flatMap(({ inputs }) =>
  Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => packageOf(file))
)
const packages = [...new Set(used.filter((at) => at !== undefined))].sort()
const rule = `\n${"-".repeat(80)}\n\n`
writeFileSync(
  join(out, "THIRD-PARTY-NOTICES.txt"),
  `dist/bin.js and dist/bundle have code of these packages:\n${rule}${packages.map(licenseOf).join(rule)}`
)
