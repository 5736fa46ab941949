import { createHash } from "node:crypto"
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { run } from "./processes.js"

export const here = dirname(fileURLToPath(import.meta.url))

/** What is fetched and built, for the next run as well. */
export const cache = join(tmpdir(), "effect-kinesis-interop")

export const kclVersions = { kcl2: "2.7.2", kcl3: "3.5.1" } as const

export type Kcl = keyof typeof kclVersions

const pythonPackages = ["moto[server,dynamodb]==5.2.5", "boto3==1.44.8", "aws_kinesis_agg==1.2.3"]

const fingerprint = (...what: ReadonlyArray<string>): string =>
  createHash("sha256").update(what.join("\n")).digest("hex")

/** Builds into an empty folder of the cache, unless it was built of the same before. */
const built = async (name: string, of: string, build: (folder: string) => Promise<unknown>): Promise<string> => {
  const folder = join(cache, name)
  const stamp = join(folder, "stamp")
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === of) return folder
  process.stdout.write(`building ${folder}\n`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await build(folder)
  writeFileSync(stamp, of)
  return folder
}

const classPath = async (kcl: Kcl): Promise<string> => {
  const version = kclVersions[kcl]
  const [pom, main, logging] = ["pom.xml", "src/Main.java", "src/logback.xml"].map((name) =>
    readFileSync(join(here, name), "utf8")
  )
  const jars = await built(`kcl-${version}`, fingerprint(pom!), (folder) =>
    run("mvn", [
      "-q",
      "-B",
      "-f",
      join(here, "pom.xml"),
      `-Dkcl.version=${version}`,
      "dependency:copy-dependencies",
      `-DoutputDirectory=${folder}`
    ]))
  const classes = await built(`worker-${version}`, fingerprint(pom!, main!, logging!), (folder) => {
    cpSync(join(here, "src", "logback.xml"), join(folder, "logback.xml"))
    return run("javac", ["-proc:none", "-d", folder, "-cp", join(jars, "*"), join(here, "src", "Main.java")])
  })
  return `${classes}:${join(jars, "*")}`
}

export interface Tools {
  readonly python: string
  readonly classPaths: Readonly<Record<Kcl, string>>
}

/** The two versions of KCL with a worker on each, and Python with moto, boto3 and Amazon's aggregator. */
export const prepare = async (): Promise<Tools> => {
  const python = await built("python", fingerprint(...pythonPackages), async (folder) => {
    await run("python3", ["-m", "venv", folder])
    await run(join(folder, "bin", "pip"), ["install", "-q", ...pythonPackages])
  })
  return {
    python: join(python, "bin", "python"),
    classPaths: { kcl2: await classPath("kcl2"), kcl3: await classPath("kcl3") }
  }
}
