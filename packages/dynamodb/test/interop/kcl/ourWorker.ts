import { join } from "node:path"
import { launch } from "./processes.js"
import { here } from "./setup.js"
import * as Worker from "./worker.js"

/** A worker of this library in a process of its own. */
export const start = (name: string, folder: string, options: Worker.WorkerOptions): Worker.Worker =>
  Worker.make(name, folder, (ledger, log) =>
    launch(
      process.execPath,
      ["--import", "tsx", join(here, "ourProgram.ts"), ...Worker.toArguments({ ...options, worker: name, ledger })],
      log
    ))
