import { once } from "../compare.js"
import type { Server } from "../processes.js"
import { figure, table } from "../table.js"

const flags = ["--expose-gc"]

/** Many shards in one process, the client in memory. */
export const shards = async (_: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const file = "./subjects/shards.ts"
  const start = await once(file, "start", { shards: 1_000 }, { flags })
  const busy = await once(file, "busy", { shards: 1_000 }, { flags })
  const idle = await once(file, "idle", { shards: 10_000 }, { flags })
  const group = await once(file, "group", { shards: 300 }, { flags })
  print(table("Many shards, the client in memory", ["", "", ""], [
    ["1,000 shards, calls of 10 ms", "first record", `${figure(start.firstMillis!)} ms`],
    ["", "a record of each", `${figure(start.allMillis!)} ms`],
    ["1,000 busy shards, pages of 100", "CPU per page", `${figure(busy.microsAPage!)} µs`],
    ["", "of it the client's own, in fibers without more", `${figure(busy.microsOfClient!)} µs`],
    ["10,000 idle shards, one poll per second", "heap per shard", `${figure(idle.bytesAShard!)} bytes`],
    ["", "CPU per poll", `${figure(idle.microsAPoll!)} µs`],
    ["", "cores", figure(idle.cores!)],
    ["", "interrupted within", `${figure(idle.interruptMillis!)} ms`],
    ["300 idle shards of one worker of a group", "heap per shard", `${figure(group.bytesAShard!)} bytes`],
    ["", "CPU per poll, renewals included", `${figure(group.microsAPoll!)} µs`],
    ["", "interrupted, all leases released within", `${figure(group.interruptMillis!)} ms`]
  ]))
  return {
    firstMillis: start.firstMillis!,
    heapAShard: idle.bytesAShard!,
    cpuAPoll: idle.microsAPoll!,
    cpuABusyPage: busy.microsAPage!,
    cpuAPageOfClient: busy.microsOfClient!,
    interruptMillis: idle.interruptMillis!,
    groupHeapAShard: group.bytesAShard!,
    groupCpuAPoll: group.microsAPoll!
  }
}

/** The memory of a program that keeps few of many records. */
export const memory = async (server: Server, print: (text: string) => void): Promise<Record<string, number>> => {
  const rows: Array<ReadonlyArray<string>> = []
  const results: Record<string, number> = {}
  for (const stream of ["page-256", "page-10k"]) {
    const measured = async (title: string, name: string, protocol: string, recordMemory: string) => {
      const argument = { url: server.http, stream, protocol, recordMemory }
      const { bytesPerRecord } = await once("./subjects/memory.ts", name, argument, { flags })
      rows.push([`${stream === "page-256" ? "256 bytes" : "10 KiB"}, ${title}`, figure(bytesPerRecord!)])
      results[`${stream}/${protocol}/${recordMemory}`] = bytesPerRecord!
    }
    await measured("the AWS SDK", "sdk", "json", "own")
    for (const protocol of ["json", "cbor"]) {
      for (const recordMemory of ["shared", "own"]) {
        await measured(`${protocol.toUpperCase()}, "${recordMemory}"`, "client", protocol, recordMemory)
      }
    }
  }
  print(table("Bytes held for each record by a program that keeps one in a thousand", ["", "bytes"], rows))
  return results
}
