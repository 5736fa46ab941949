import { launch } from "./processes.js"
import * as Worker from "./worker.js"

/** The machine is to start quickly, not to run fast. */
const flags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]

/** A worker of KCL in a Java machine of its own. */
export const start = (
  name: string,
  folder: string,
  options: Worker.WorkerOptions,
  classPath: string
): Worker.Worker =>
  Worker.make(name, folder, (ledger, log) =>
    launch(
      "java",
      [...flags, "-cp", classPath, "Main", ...Worker.toArguments({ ...options, worker: name, ledger })],
      log
    ))
