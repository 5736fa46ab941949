import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

type Esbuild = { readonly build: (options: object) => Promise<unknown> }

/** That of tsx, which is a dependency. */
const esbuild: Esbuild = createRequire(createRequire(import.meta.url).resolve("tsx"))("esbuild")

const inPackage = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))

/** `require`, for what is bundled and not a module of today. */
const banner = {
  js: "import { createRequire as $require } from \"node:module\"; const require = $require(import.meta.url);"
}

export interface Bundle {
  /** The bundled program. */
  readonly program: string
  readonly remove: () => void
}

/** Makes one file of a program of the package, of `src` unless the path says more: from source each start costs seconds of processor time, which are not what is tested. */
export const make = async (path: string): Promise<Bundle> => {
  const name = basename(path)
  const folder = mkdtempSync(join(tmpdir(), "kinesis-cli-"))
  mkdirSync(join(folder, "dist"))
  cpSync(inPackage("package.json"), join(folder, "package.json"))
  await esbuild.build({
    entryPoints: [inPackage(path === name ? `src/${name}.ts` : `${path}.ts`)],
    bundle: true,
    platform: "node",
    format: "esm",
    banner,
    splitting: true,
    outdir: join(folder, "dist"),
    logLevel: "error"
  })
  return { program: join(folder, "dist", `${name}.js`), remove: () => rmSync(folder, { recursive: true, force: true }) }
}
