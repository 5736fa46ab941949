/**
 * Packs each public package as it would be published, and tries it as a newcomer would: what is in the tarballs, what publint and
 * are-the-types-wrong say of them, whether the READMEs' lines install them, and whether the READMEs' code compiles and runs. Needs the
 * build, and npm's registry.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import * as Newcomer from "./packages/newcomer.mjs"
import { checkLinks, readmes } from "./packages/readmes.mjs"
import * as Registry from "./packages/registry.mjs"
import * as Tarballs from "./packages/tarballs.mjs"
import { checkVersions } from "./packages/versions.mjs"

const folder = mkdtempSync(join(tmpdir(), "packed-"))

/** A step has failed, and that has been printed. */
class StepFailed extends Error {}

/** Does one step, and prints how it went and what it has to tell. */
const step = async (name, act) => {
  try {
    const told = await act()
    process.stdout.write(`ok: ${name}${typeof told === "string" ? ` (${told})` : ""}\n`)
  } catch (error) {
    process.stdout.write(`FAILED: ${name}\n${error.message.trimEnd()}\n`)
    process.exitCode = 1
    throw new StepFailed(name)
  }
}

/** Steps of which each needs the one before; what comes after them does not. */
const attempt = (steps) =>
  steps.catch((error) => {
    if (!(error instanceof StepFailed)) throw error
  })

const tryPackages = async () => {
  const packed = []
  await step("pack", async () => {
    packed.push(...await Tarballs.pack(folder))
    return packed.map(({ manifest, name }) => `${name} ${manifest.version}`).join(", ")
  })
  await attempt(step("files of the tarballs", () => Tarballs.checkContents(packed)))
  await attempt(step("publint and are-the-types-wrong", () => Tarballs.checkManifests(packed)))
  const registry = await Registry.serve(packed)
  try {
    for (const readme of readmes()) await attempt(tryReadme(readme, registry.url))
    await attempt(tryBesideSdk(packed, registry.url))
  } finally {
    registry.close()
  }
}

const tryBesideSdk = async (packed, registry) => {
  const reader = packed.find(({ name }) => name === "effect-kinesis")
  const readme = `${reader.source}/README.md`
  await step(
    `${readme}: install beside the AWS SDK`,
    () => Newcomer.installBesideSdk(readme, reader, join(folder, "beside"), registry)
  )
}

const tryReadme = async (readme, registry) => {
  const copied = join(folder, "newcomer", readme === "README.md" ? "repository" : basename(dirname(readme)))
  const stepOf = (name, act) => step(`${readme}: ${name}`, act)
  await stepOf("install", () => Newcomer.install(readme, copied, registry))
  const blocks = Newcomer.writeBlocks(readme, copied)
  if (blocks.length > 0) await attempt(stepOf("type-check the code", () => Newcomer.typeCheck(copied, blocks)))
  for (const block of blocks.filter(({ way }) => way !== "type-checked")) {
    await attempt(stepOf(`run ${block.file}`, () => Newcomer.runBlock(copied, block)))
  }
  if (existsSync(join(copied, "global"))) await attempt(stepOf("run the command", () => Newcomer.runCommand(copied)))
}

try {
  await attempt(step("changeset version", () => checkVersions(join(folder, "versions"))))
  await attempt(step("links of the READMEs", checkLinks))
  await attempt(tryPackages())
} finally {
  rmSync(folder, { recursive: true, force: true })
}
