/** Removes what the build made: a stale declaration file can hide a source file that was deleted. */
import { readdirSync, rmSync } from "node:fs"

for (const name of readdirSync("packages")) rmSync(`packages/${name}/dist`, { recursive: true, force: true })
