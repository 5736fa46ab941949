/** Removes what the build made: a stale declaration file can hide a source file that was deleted. */
import { readdirSync, rmSync } from "node:fs"

for (const name of readdirSync("packages")) {
  for (const made of ["dist", ".tsbuildinfo"]) rmSync(`packages/${name}/${made}`, { recursive: true, force: true })
}
