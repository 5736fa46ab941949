import type { MakeSubject, MeasureOnce, Run } from "./measure.js"

/** A process of its own for one subject: no subject warms up, or spoils, the code that another runs. */
const [file, name, argument] = process.argv.slice(2)
const subjects = await import(file!) as { readonly make?: MakeSubject; readonly once?: MeasureOnce }
const subject = await subjects.make?.(name!, JSON.parse(argument!))

const run = async (millis: number): Promise<Run> => {
  const cpu = process.cpuUsage()
  const startedAt = process.hrtime.bigint()
  const units = await subject!(millis)
  const { system, user } = process.cpuUsage(cpu)
  return {
    units,
    wallMillis: Number(process.hrtime.bigint() - startedAt) / 1e6,
    cpuMillis: (user + system) / 1000,
    peakMegabytes: process.resourceUsage().maxRSS / 1024
  }
}

/** Runs for this many milliseconds, or measures a single run. */
process.on("message", (order: number | "once") => {
  const result = order === "once" ? subjects.once!(name!, JSON.parse(argument!)) : run(order)
  void Promise.resolve(result).then((result) => process.send!(result), (error) => {
    process.stderr.write(`${name}: ${error instanceof Error ? error.stack : error}\n`)
    process.exit(1)
  })
})
process.on("disconnect", () => process.exit(0))
process.send!("ready")
