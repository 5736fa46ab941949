import * as Ledger from "./ledger.js"
import { sleep } from "./processes.js"
import { kclVersions } from "./setup.js"
import { shardId } from "./stream.js"
import * as Table from "./table.js"
import type { Kind, Testbed } from "./testbed.js"
import type { Worker, WorkerOptions } from "./worker.js"

/** One line of the report: what should hold, whether it does, and what was seen. */
export type Check = (what: string, holds: boolean, seen?: string) => void

export interface Scenario {
  readonly title: string
  readonly isOptional?: boolean
  readonly run: (bed: Testbed, check: Check) => Promise<void>
}

export const nameOf = (kind: Kind): string => kind === "ours" ? "effect-kinesis" : `KCL ${kclVersions[kind]}`

const list = (records: ReadonlyArray<Ledger.Handled>): string =>
  records.slice(0, 5).map((it) => `${it.number} of ${it.shardId} by ${it.worker}`).join(", ")

/** That all was handled, in order and as written; with `once`, that nothing came again to a shard whose lease nobody lost. */
const checkRecords = (bed: Testbed, check: Check, workers: ReadonlyArray<Worker>, once: boolean): void => {
  const { disordered, handled, lost, repeated, written, wrong } = bed.audit()
  check(`each of ${written} records was handled`, lost.length === 0, `${lost.length} lost: ${lost.slice(0, 10)}`)
  check("records of a key came in order", disordered.length === 0, list(disordered))
  check("records came as they were written", wrong.length === 0, list(wrong))
  const losses = Ledger.lostShards(workers.flatMap((worker) => worker.entries()))
  if (once) {
    const unexplained = repeated.filter(({ shardId }) => !losses.includes(shardId))
    check("no record came again", unexplained.length === 0, `${unexplained.length}: ${list(unexplained)}`)
  }
  bed.note(`${handled} handled, ${repeated.length} repeated, leases lost: ${losses.join(", ") || "none"}`)
}

interface Leg {
  readonly kind: Kind
  /** By default it polls. */
  readonly reading?: WorkerOptions["reading"]
  readonly isKilled?: boolean
  /** Before the leg. */
  readonly before?: (bed: Testbed, check: Check) => Promise<unknown>
  /** When the leg has begun. */
  readonly meanwhile?: (bed: Testbed) => Promise<void>
}

const split = (number: number) => (bed: Testbed) => bed.stream.split(number)
const merge = (number: number, adjacent: number) => (bed: Testbed) => bed.stream.merge(number, adjacent)

const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(1)} s`

/** Works for a while on a stream that is written meanwhile, or to the end of it. */
const leg = async (
  bed: Testbed,
  worker: Worker,
  { isKilled = false, kind, meanwhile, reading }: Leg,
  isLast: boolean
) => {
  const first = await worker.until("its first record", 300, () => worker.records()[0])
  if (isLast) {
    await bed.untilHandled(300)
    await sleep(3000)
    await worker.stop()
  } else {
    await bed.stream.putting(async () => {
      await meanwhile?.(bed)
      if (kind === "ours" && reading === "fan-out") {
        await worker.until("a subscription", 60, () => worker.told("subscribed").length > 0)
      }
      await sleep(2000)
      const before = worker.records().length
      await worker.until("more records", 120, () => worker.records().length > before + 100)
      if (isKilled) await worker.kill()
      else bed.note(`${worker.name} stopped in order: ${await worker.stop()}`)
    })
  }
  return `first record after ${seconds(worker.startedAt, first.at)}, ${worker.records().length} records`
}

/** Workers one after the other on one table; each goes on where the table says that the last one came to. */
const relay = (legs: ReadonlyArray<Leg>) => async (bed: Testbed, check: Check): Promise<void> => {
  await bed.stream.create(4)
  await bed.stream.put(200)
  const workers: Array<Worker> = []
  let found: ReadonlyArray<Table.Row> = []
  for (const [index, it] of legs.entries()) {
    await it.before?.(bed, check)
    const { reading = "polling" } = it
    const worker = bed.start(it.kind, `leg${index + 1}-${it.kind}`, { reading })
    workers.push(worker)
    const seen = await leg(bed, worker, it, index === legs.length - 1)
    const again = Ledger.atOrBeforeCheckpoint(worker.entries(), found)
    found = await bed.dump(worker.name)
    check(
      `leg ${index + 1}, ${nameOf(it.kind)}: began after the checkpoints that it found (${seen})`,
      again.length === 0,
      `${again.length} before: ${list(again)}`
    )
    const failures = worker.told("failed").filter(({ details }) => !details[0]!.startsWith("stop: "))
    check(`leg ${index + 1}, ${nameOf(it.kind)}: nothing failed`, failures.length === 0, failures[0]?.details[0])
  }
  checkRecords(bed, check, workers, !legs.some(({ isKilled }) => isKilled))
}

const deleteOthers = async (bed: Testbed, check: Check): Promise<void> => {
  const deleted = await bed.table.deleteOthers()
  check(`the rows that are no leases are deleted (${deleted.join(", ")})`, deleted.length > 0)
}

const say = (record: Ledger.Handled | undefined): string =>
  record === undefined
    ? "nothing"
    : `${record.sequenceNumber.slice(-8)}.${record.subSequenceNumber}, number ${record.number}`

/** Each worker but the last stops after 33 records, of aggregates of 20 each. */
const inAggregates = (kinds: ReadonlyArray<Kind>) => async (bed: Testbed, check: Check): Promise<void> => {
  await bed.stream.create(1)
  await bed.stream.put(5)
  await bed.stream.putAggregates(12, 20)
  await bed.stream.put(5)
  const workers: Array<Worker> = []
  for (const [index, kind] of kinds.entries()) {
    const isLast = index === kinds.length - 1
    const stopAfter = isLast ? -1 : 33
    const before = workers.reduce((sum, worker) => sum + worker.records().length, 0)
    const worker = bed.start(kind, `step${index + 1}-${kind}`, { stopAfter, pauseMillis: 0 })
    workers.push(worker)
    const goal = isLast ? bed.stream.written.length - before : stopAfter
    await worker.until(`${goal} records`, 300, () => worker.records().length >= goal)
    await sleep(2000)
    await worker.stop()
    const own = worker.records()
    check(
      `step ${index + 1}, ${nameOf(kind)}: begins with the record after the last one (${say(own[0])})`,
      own[0]?.number === before,
      `expected number ${before}`
    )
    await bed.dump(worker.name)
    if (isLast) continue
    const [row] = await bed.table.leases()
    const [sequence, sub] = [Table.text(row!, "checkpoint"), Table.text(row!, "checkpointSubSequenceNumber")]
    const last = own.at(-1)!
    check(
      `step ${index + 1}, ${nameOf(kind)}: stores the place in the aggregate (${say(last)})`,
      sequence === last.sequenceNumber && Number(sub) === last.subSequenceNumber,
      `${sequence}.${sub}`
    )
  }
  checkRecords(bed, check, workers, true)
}

/** One begins at the latest of shards that bring nothing, and stops; another begins with what it left. */
const atLatest = (first: Kind, second: Kind) => async (bed: Testbed, check: Check): Promise<void> => {
  const from = { from: "LATEST" } as const
  await bed.stream.create(2)
  await bed.stream.put(10)
  const one = bed.start(first, `first-${first}`, from)
  await one.until("both shards", 200, () => one.told("began").length >= 2)
  await sleep(3000)
  await one.stop()
  const rows = (await bed.dump("between")).filter((row) => row["checkpoint"] !== undefined)
  check(
    `${nameOf(first)} leaves rows at LATEST`,
    rows.length === 2 && rows.every((row) => Table.text(row, "checkpoint") === "LATEST"),
    rows.map(Table.describe).join("; ")
  )
  if (first === "ours") {
    check(
      "with the instant, in attributes of its own",
      rows.every((row) => row["startTimestamp"]?.N !== undefined && Table.text(row, "startStandsFor") === "LATEST"),
      rows.map(Table.describe).join("; ")
    )
  }
  await bed.stream.put(20)
  const two = bed.start(second, `second-${second}`, from)
  await two.until("both shards", 200, () => two.told("began").length >= 2)
  await sleep(8000)
  const after = bed.stream.written.length
  await bed.stream.put(20)
  check(`${nameOf(second)} reads what is written from then on`, await bed.untilHandled(60, after))
  await two.stop()
  await bed.dump("after")
  const thrown = /^.*(?:NullPointerException|Exception in).*$/m.exec(two.log())?.[0]
  check(`${nameOf(second)} throws nothing`, thrown === undefined, thrown)
  const numbers = new Set([...one.records(), ...two.records()].map(({ number }) => number))
  const among = (start: number, end: number) => [...numbers].filter((it) => it >= start && it < end).length
  check("what was there before is not read", among(0, 10) === 0)
  check(
    `${nameOf(second)} begins at the tip: what was written between the two is not read`,
    among(10, 30) === 0,
    `${among(10, 30)} of 20 are`
  )
}

/** This library starts beside a KCL 2 that is alive, and that does not know hand-offs. */
const besideKcl2 = async (bed: Testbed, check: Check): Promise<void> => {
  await bed.stream.create(4)
  await bed.stream.put(100)
  const kcl = bed.start("kcl2", "live-kcl2")
  await kcl.until("all shards", 200, () => new Set(kcl.records().map((it) => it.shardId)).size === 4)
  const ours = bed.start("ours", "ours", { stopMillis: 5000 })
  const owners = async () => (await bed.table.leases()).map((row) => Table.text(row, "leaseOwner") ?? "nobody")
  await bed.stream.putting(async () => {
    await ours.until("a request for a hand-off", 60, () => ours.told("HandoffRequested").length > 0)
    bed.note(`owners when asked: ${await owners()}`)
    await bed.dump("asked")
    await ours.until(
      "its withdrawal",
      120,
      () => ours.told("HandoffUnanswered").length >= ours.told("HandoffRequested").length
    )
    await sleep(15_000)
  })
  const asked = ours.told("HandoffRequested")
  const withdrawn = ours.told("HandoffUnanswered")
  check(
    `the requests are withdrawn, ${seconds(asked[0]!.at, withdrawn[0]!.at)} after the first`,
    withdrawn.length === asked.length && withdrawn.every(({ details }) => details[0] === "live-kcl2"),
    `${asked.length} asked, ${withdrawn.length} withdrawn`
  )
  const named = await owners()
  check("the rows name KCL again", named.every((it) => it === "live-kcl2"), named.join(", "))
  const rows = await bed.dump("withdrawn")
  check("no row names somebody who asks", rows.every((row) => row["checkpointOwner"] === undefined))
  await bed.untilHandled(60)
  check("KCL lost no lease", kcl.told("lost").length === 0, `${kcl.told("lost").length} lost`)
  check("KCL was not disturbed", ours.records().length === 0, `${ours.records().length} records were ours`)
  await ours.stop()
  await bed.stream.put(20)
  await bed.untilHandled(60)
  await kcl.stop()
  await bed.dump("end")
  checkRecords(bed, check, [kcl, ours], true)
}

const nullOwner = async (bed: Testbed, check: Check): Promise<void> => {
  await bed.stream.create(1)
  await bed.stream.put(20)
  await bed.onTable("nullOwner.py", shardId(0))
  const [before] = await bed.dump("before")
  check("boto3 writes None as NULL", before?.["leaseOwner"]?.NULL === true, before && Table.describe(before))
  const ours = bed.start("ours", "ours")
  await ours.until("the lease", 60, () => ours.told("began").length > 0)
  await bed.untilHandled(60)
  await ours.stop()
  const [after] = await bed.dump("after")
  check("the row is as it should be", /^\d+$/.test(Table.text(after!, "checkpoint") ?? ""), Table.describe(after!))
  check("nobody owns the row", after?.["leaseOwner"] === undefined, Table.describe(after!))
  checkRecords(bed, check, [ours], true)
}

const killedThenOurs = (kind: Kind) => async (bed: Testbed, check: Check): Promise<void> => {
  await relay([{ kind, isKilled: true, meanwhile: split(1) }, { kind: "ours" }])(bed, check)
  const leader = (await bed.table.rows()).find((row) => Table.text(row, "entityType") === "LEADER")
  if (kind === "kcl3") {
    check(
      "the row of the dead leader is given back",
      leader?.["isReleased"] !== undefined,
      leader && Table.describe(leader)
    )
  }
}

const threeLegs = (kind: Kind) =>
  relay([{ kind, meanwhile: split(1) }, { kind: "ours", meanwhile: merge(2, 3) }, { kind }])

/** Each goes on by the one way where another stopped by the other. */
const byFanOut = (kind: Kind) =>
  relay([
    { kind, reading: "fan-out", meanwhile: split(1) },
    { kind: "ours", reading: "fan-out", meanwhile: merge(2, 3) },
    { kind }
  ])

const [two, three] = [nameOf("kcl2"), nameOf("kcl3")]

export const scenarios: Readonly<Record<string, Scenario>> = {
  nullOwner: { title: "boto3 writes a lease whose owner is NULL; ours claims it", run: nullOwner },
  kcl2: { title: `${two}, ours, ${two}, on a stream that is split and merged`, run: threeLegs("kcl2") },
  kcl3: { title: `${three}, ours, ${three}, on a stream that is split and merged`, run: threeLegs("kcl3") },
  fanOut3: { title: `${three}, ours, both by fan-out, then ${three} by polling`, run: byFanOut("kcl3") },
  killed3: { title: `${three} is killed, ours takes over`, run: killedThenOurs("kcl3") },
  aggregates: {
    title: `${two}, ours, ${two}, each stopped in the middle of an aggregate`,
    run: inAggregates(["kcl2", "ours", "kcl2"])
  },
  latestOursThenKcl2: { title: `ours at the latest of idle shards, then ${two}`, run: atLatest("ours", "kcl2") },
  latestOursThenKcl3: { title: `ours at the latest of idle shards, then ${three}`, run: atLatest("ours", "kcl3") },
  live2: { title: `ours starts beside a ${two} at work`, run: besideKcl2 },
  backAfterKcl3: {
    title: `${three}, ours, the rows that are no leases deleted, then ${two}`,
    run: relay([{ kind: "kcl3" }, { kind: "ours" }, { kind: "kcl2", before: deleteOthers }])
  },
  killed2: { title: `${two} is killed, ours takes over`, isOptional: true, run: killedThenOurs("kcl2") },
  aggregates3: {
    title: `${three}, ours, ${three}, each stopped in the middle of an aggregate`,
    isOptional: true,
    run: inAggregates(["kcl3", "ours", "kcl3"])
  },
  fanOut2: { title: `${two}, ours, both by fan-out, then ${two} by polling`, isOptional: true, run: byFanOut("kcl2") },
  oursFirst2: {
    title: `ours makes the table, then ${two}, ours`,
    isOptional: true,
    run: relay([{ kind: "ours", meanwhile: split(0) }, { kind: "kcl2" }, { kind: "ours" }])
  },
  oursFirst3: {
    title: `ours makes the table, then ${three}, ours`,
    isOptional: true,
    run: relay([{ kind: "ours", meanwhile: split(0) }, { kind: "kcl3" }, { kind: "ours" }])
  },
  latestKcl2ThenOurs: {
    title: `${two} at the latest of idle shards, then ours`,
    isOptional: true,
    run: atLatest("kcl2", "ours")
  },
  latestKcl3ThenOurs: {
    title: `${three} at the latest of idle shards, then ours`,
    isOptional: true,
    run: atLatest("kcl3", "ours")
  }
}
