import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc, Utils } from "effect"
import type { LeaseStore } from "effect-kinesis"
import * as LeaseView from "../src/internal/lease/leaseView.js"
import * as Successors from "../src/internal/lease/successors.js"
import * as LeaseBalancer from "../src/LeaseBalancer.js"
import * as LeaseTransition from "../src/LeaseTransition.js"
import { assertProportional } from "./support/growth.js"

const leaseMillis = 1000

const planned = (
  leaseKey: string,
  owner: string | undefined,
  more: Partial<LeaseBalancer.PlannedLease> = {}
): LeaseBalancer.PlannedLease => ({
  leaseKey,
  shardId: leaseKey,
  streamIdentifier: undefined,
  owner,
  handedOffBy: undefined,
  freeForMillis: 0,
  ...more
})
const view = (
  worker: string,
  leases: ReadonlyArray<LeaseBalancer.PlannedLease>,
  more: Partial<LeaseBalancer.View> = {}
): LeaseBalancer.View => ({ worker, leases, maxLeases: 10_000, maxMoves: 10_000, leaseMillis, ...more })

/** `count` leases of each worker; those of `""` are free. */
const leasesOf = (
  loads: Readonly<Record<string, number>>,
  more: Partial<LeaseBalancer.PlannedLease> = {}
): ReadonlyArray<LeaseBalancer.PlannedLease> =>
  Object.entries(loads).flatMap(([owner, count]) =>
    Array.from(
      { length: count },
      (_, index) => planned(`${owner || "free"}-${index}`, owner === "" ? undefined : owner, more)
    )
  )
const nothing: LeaseBalancer.Plan = { claim: [], request: [], release: [] }

interface Row {
  owner: string | undefined
  handedOffBy: string | undefined
  /** The tick from which on anybody may take it: never, as long as its owner lives. */
  freeFrom: number
}

/** Workers that plan against one table, tick by tick: half as long as a lease lasts. A living owner hands over within a tick. */
class Fleet {
  readonly rows = new Map<string, Row>()
  readonly #random: Utils.PCGRandom
  tick = 0
  moves = 0

  constructor(
    readonly workers: Map<string, { readonly maxLeases: number }>,
    readonly maxMoves: number,
    seed: number
  ) {
    this.#random = new Utils.PCGRandom(seed)
  }

  isFree(row: Row): boolean {
    return row.owner === undefined || row.freeFrom <= this.tick
  }

  seen(): ReadonlyArray<LeaseBalancer.PlannedLease> {
    return [...this.rows].map(([leaseKey, row]) =>
      this.isFree(row)
        ? planned(leaseKey, undefined, { freeForMillis: (this.tick - row.freeFrom) * (leaseMillis / 2) })
        : planned(leaseKey, row.owner, { handedOffBy: row.handedOffBy })
    )
  }

  plan(
    worker: string,
    leases: ReadonlyArray<LeaseBalancer.PlannedLease>,
    byKey: ReadonlyMap<string, LeaseBalancer.PlannedLease>
  ): LeaseBalancer.Plan {
    const { maxLeases } = this.workers.get(worker)!
    const plan = LeaseBalancer.balanced(view(worker, leases, { maxLeases, maxMoves: this.maxMoves }))
    assert.deepStrictEqual(plan.release, [], "a worker keeps what it has")
    assert.isAtMost(plan.request.length, this.maxMoves)
    for (const leaseKey of plan.claim) assert.isUndefined(byKey.get(leaseKey)!.owner, "claims what is free")
    for (const leaseKey of plan.request) {
      const { handedOffBy, owner } = byKey.get(leaseKey)!
      assert.isTrue(owner !== undefined && owner !== worker && handedOffBy === undefined, "asks for what others have")
    }
    const taken = plan.claim.length + plan.request.length
    if (taken > 0) {
      const has = leases.filter((lease) => lease.owner === worker || lease.handedOffBy === worker).length
      assert.isAtMost(has + taken, maxLeases, "also while it hands others over")
    }
    assert.strictEqual(new Set([...plan.claim, ...plan.request]).size, taken)
    return plan
  }

  claim(worker: string, leaseKey: string): void {
    const row = this.rows.get(leaseKey)!
    if (!this.isFree(row)) return
    this.rows.set(leaseKey, { owner: worker, handedOffBy: undefined, freeFrom: Infinity })
  }

  request(worker: string, leaseKey: string, owner: string | undefined): void {
    const row = this.rows.get(leaseKey)!
    if (row.owner !== owner || row.handedOffBy !== undefined) return
    this.rows.set(leaseKey, { ...row, owner: worker, handedOffBy: owner })
    this.moves++
  }

  /** Who asks first is a matter of chance. */
  #shuffled<A>(all: ReadonlyArray<A>): ReadonlyArray<A> {
    return all.map((each) => [this.#random.number(), each] as const).sort(([a], [b]) => a - b).map(([, each]) => each)
  }

  step(isAtOnce: boolean): void {
    for (const row of this.rows.values()) if (row.freeFrom === Infinity) row.handedOffBy = undefined
    const look = () => {
      const leases = this.seen()
      return [leases, new Map(leases.map((lease) => [lease.leaseKey, lease]))] as const
    }
    const before = look()
    const plans = this.#shuffled([...this.workers.keys()]).map((worker) => () => {
      const [leases, byKey] = isAtOnce ? before : look()
      const plan = this.plan(worker, leases, byKey)
      return [
        ...plan.claim.map((leaseKey) => () => this.claim(worker, leaseKey)),
        ...plan.request.map((leaseKey) => () => this.request(worker, leaseKey, byKey.get(leaseKey)!.owner))
      ]
    })
    const inTurns = isAtOnce ? [() => this.#shuffled(plans.flatMap((plan) => plan()))] : plans
    for (const writes of inTurns) for (const write of writes()) write()
    this.tick++
  }

  get loads(): ReadonlyMap<string, number> {
    const loads = new Map([...this.workers.keys()].map((worker) => [worker, 0]))
    for (const row of this.rows.values()) {
      if (row.owner !== undefined && loads.has(row.owner)) loads.set(row.owner, loads.get(row.owner)! + 1)
    }
    return loads
  }

  get isOwned(): boolean {
    return [...this.rows.values()].every((row) => row.freeFrom === Infinity)
  }

  get spread(): number {
    const loads = [...this.loads.values()]
    return Math.max(...loads) - Math.min(...loads)
  }
}

interface Start {
  readonly workers: number
  readonly shards: number
  readonly seed: number
  readonly isAtOnce: boolean
  readonly maxMoves: number
  /** Of 10 leases so many are free at first, and so many belong to workers that are no more. */
  readonly free: number
  readonly dead: number
  /** The higher, the fewer workers have most of the leases. */
  readonly skew: number
}

const fleetOf = ({ dead, free, maxMoves, seed, shards, skew, workers }: Start, maxLeases = 100_000): Fleet => {
  const numbers = new Utils.PCGRandom(seed)
  const random = () => numbers.number()
  const names = Array.from({ length: workers }, (_, index) => `worker-${index}`)
  const fleet = new Fleet(new Map(names.map((name) => [name, { maxLeases }])), maxMoves, seed + 1)
  const any = () => names[Math.floor(random() ** skew * workers)]!
  for (let index = 0; index < shards; index++) {
    const chance = random() * 10
    const owner = chance < free ? undefined : chance < free + dead ? `dead-${Math.floor(random() * 5)}` : any()
    const handedOffBy = owner !== undefined && random() < 0.1 ? any() : undefined
    fleet.rows.set(`shardId-${String(index).padStart(12, "0")}`, {
      owner,
      handedOffBy: handedOffBy === owner ? undefined : handedOffBy,
      freeFrom: owner === undefined ? 0 : owner.startsWith("dead") ? Math.floor(random() * 3) : Infinity
    })
  }
  return fleet
}

const start: fc.Arbitrary<Start> = fc.record({
  workers: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 1, max: 12 }) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }) }
  ),
  shards: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 1, max: 120 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 1000 }) }
  ),
  seed: fc.integer(),
  isAtOnce: fc.boolean(),
  maxMoves: fc.constantFrom(1, 3, 10, 10_000),
  free: fc.constantFrom(0, 0, 3, 10),
  dead: fc.constantFrom(0, 0, 2, 8),
  skew: fc.constantFrom(1, 3)
})

/** Leases of the dead run out within 3 ticks; then every tick one of those that are free is taken at least, and most are at once. */
const ticksToOwn = ({ workers }: Start) => 8 + Math.ceil(4 * Math.log2(workers + 1))

/** The workers see one another one by one at worst; then each tick brings every worker up to `maxMoves` nearer, but for conflicts. */
const ticksToShare = (of: Start) =>
  ticksToOwn(of) + of.workers + Math.ceil((2 * (of.shards / of.workers + 1)) / of.maxMoves)

describe("leaseBalancer", () => {
  describe("balanced", () => {
    it("B52 B55 any fleet owns every shard soon, shares evenly, and then rests", () => {
      fc.assert(
        fc.property(start, (of) => {
          const fleet = fleetOf(of)
          while (!fleet.isOwned) {
            assert.isBelow(fleet.tick, ticksToOwn(of), "ticks until every shard is owned")
            fleet.step(of.isAtOnce)
          }
          while (fleet.spread > 1) {
            assert.isBelow(fleet.tick, ticksToShare(of), "ticks until shares differ by one at most")
            fleet.step(of.isAtOnce)
            assert.isTrue(fleet.isOwned, "a lease that is handed over is never free")
          }
          const before = fleet.seen().map((lease) => lease.owner)
          fleet.moves = 0
          for (let tick = 0; tick < 3; tick++) fleet.step(of.isAtOnce)
          assert.strictEqual(fleet.moves, 0)
          assert.deepStrictEqual(fleet.seen().map((lease) => lease.owner), before)
        }),
        { numRuns: 150 }
      )
    })

    it("B55 of workers that see one another only the leases that are too many move, each once", () => {
      fc.assert(
        fc.property(start, ({ ...of }) => {
          const fleet = fleetOf({ ...of, free: 0, dead: 0 })
          for (const worker of fleet.workers.keys()) {
            fleet.rows.set(`of-${worker}`, { owner: worker, handedOffBy: undefined, freeFrom: Infinity })
          }
          for (const row of fleet.rows.values()) row.handedOffBy = undefined
          const { least, most } = LeaseBalancer.share(fleet.rows.size, fleet.workers.size)
          const larger = fleet.rows.size - least * fleet.workers.size
          const tooMany = [...fleet.loads.values()].sort((a, b) => b - a)
            .reduce((sum, load, index) => sum + Math.max(0, load - (index < larger ? most : least)), 0)
          const first = fleet.loads
          for (let tick = 0; fleet.spread > 1; tick++) {
            assert.isBelow(tick, ticksToShare(of))
            fleet.step(of.isAtOnce)
            for (const [worker, load] of fleet.loads) {
              assert.isAtLeast(load, Math.min(first.get(worker)!, least), "nobody is left with less than its share")
            }
          }
          assert.strictEqual(fleet.moves, tooMany)
        }),
        { numRuns: 150 }
      )
    })

    it("a fleet that is full owns as many as it may; the others are taken when one has room", () => {
      fc.assert(
        fc.property(start, fc.integer({ min: 1, max: 10 }), (of, maxLeases) => {
          const fleet = fleetOf({ ...of, free: 10, dead: 0 }, maxLeases)
          const all = Math.min(of.shards, of.workers * maxLeases)
          const owned = () => [...fleet.loads.values()].reduce((sum, load) => sum + load, 0)
          const isFull = () => [...fleet.loads.values()].every((load) => load <= maxLeases)
          for (let tick = 0; owned() < all; tick++) {
            assert.isBelow(tick, ticksToOwn(of))
            fleet.step(of.isAtOnce)
            assert.isTrue(isFull(), "maxLeases is never exceeded")
          }
          fleet.workers.set("roomy", { maxLeases: 100_000 })
          for (let tick = 0; !fleet.isOwned; tick++) {
            assert.isBelow(tick, 8, "ticks until the roomy one has the rest")
            fleet.step(of.isAtOnce)
            const loads = new Map(fleet.loads)
            loads.delete("roomy")
            assert.isTrue([...loads.values()].every((load) => load <= maxLeases))
          }
        }),
        { numRuns: 100 }
      )
    })

    it("a worker that joins, unseen until it owns something, ends with its share", () => {
      fc.assert(
        fc.property(start, fc.integer({ min: 1, max: 5 }), (of, joining) => {
          const fleet = fleetOf({ ...of, free: 10, dead: 0 })
          while (!fleet.isOwned || fleet.spread > 1) fleet.step(of.isAtOnce)
          for (let index = 0; index < joining; index++) fleet.workers.set(`joined-${index}`, { maxLeases: 100_000 })
          const { least } = LeaseBalancer.share(of.shards, fleet.workers.size)
          for (let tick = 0; fleet.spread > 1; tick++) {
            assert.isBelow(tick, ticksToShare(of) + joining)
            fleet.step(of.isAtOnce)
          }
          for (let index = 0; index < joining; index++) {
            assert.isAtLeast(fleet.loads.get(`joined-${index}`)!, least)
          }
        }),
        { numRuns: 40 }
      )
    })

    it("B52 300 workers and 10,000 shards, a third of the workers gone at once", () => {
      const of: Start = {
        workers: 300,
        shards: 10_000,
        seed: 1,
        isAtOnce: true,
        maxMoves: 10,
        free: 0,
        dead: 0,
        skew: 1
      }
      const fleet = fleetOf(of)
      for (const row of fleet.rows.values()) {
        if (Number(row.owner!.slice("worker-".length)) < 200) continue
        row.freeFrom = 0
      }
      for (let index = 200; index < 300; index++) fleet.workers.delete(`worker-${index}`)
      for (let tick = 0; fleet.spread > 1 || !fleet.isOwned; tick++) {
        assert.isBelow(tick, 12)
        fleet.step(true)
      }
    })

    it("a plan takes processor time in proportion to the shards, and no more to the workers", () => {
      const plan = (workers: number, shards: number) => {
        const each = Object.fromEntries(Array.from({ length: workers }, (_, n) => [`worker-${n}`, shards / workers]))
        LeaseBalancer.balanced(view("worker-1", leasesOf({ ...each, "": workers })))
      }
      assertProportional((shards) => plan(20, shards), 16_000, "shards")
      assertProportional((workers) => plan(workers, 16_000), 320, "workers")
    })

    it("B53 one worker takes 100 free leases in one pass", () => {
      const plan = LeaseBalancer.balanced(view("ann", leasesOf({ "": 100 })))
      assert.deepStrictEqual([...plan.claim].sort(), leasesOf({ "": 100 }).map((lease) => lease.leaseKey).sort())
    })

    it("B53 each of several workers takes what is free up to its share, which is rounded up", () => {
      const leases = leasesOf({ ann: 1, bob: 0, cid: 1, "": 8 })
      assert.strictEqual(LeaseBalancer.balanced(view("ann", leases)).claim.length, 4, "10 of 2, less 1 that it has")
      assert.strictEqual(LeaseBalancer.balanced(view("bob", leases)).claim.length, 4, "10 of 3, rounded up")
      const odd = leasesOf({ ann: 1, bob: 1, cid: 1, "": 1 })
      for (const worker of ["ann", "bob", "cid"]) {
        assert.strictEqual(LeaseBalancer.balanced(view(worker, odd)).claim.length, 1)
      }
    })

    it("B52 a lease that has run out is taken though counts look balanced (zio-kinesis#1083)", () => {
      const balanced = leasesOf({ ann: 2, bob: 2, cid: 2 })
      const expired = balanced.map((lease) => lease.owner === "cid" ? { ...lease, owner: undefined } : lease)
      for (const worker of ["ann", "bob"]) {
        assert.strictEqual(LeaseBalancer.balanced(view(worker, expired)).claim.length, 1, worker)
      }
    })

    it("while something is free nobody is asked", () => {
      const plan = LeaseBalancer.balanced(view("ann", leasesOf({ bob: 9, "": 1 })))
      assert.deepStrictEqual(plan, { claim: ["free-0"], request: [], release: [] })
    })

    it("each worker goes through what is free in an order of its own", () => {
      const leases = leasesOf({ ann: 1, bob: 1, "": 20 })
      const first = LeaseBalancer.balanced(view("ann", leases)).claim
      const other = LeaseBalancer.balanced(view("bob", leases)).claim
      assert.notDeepEqual(first, other)
      assert.deepStrictEqual(
        LeaseBalancer.balanced(view("ann", leases.toReversed())).claim,
        first,
        "whatever the listing's"
      )
    })

    it("B55 shares that differ by one are left alone, also by a worker without any", () => {
      for (
        const loads of [{ ann: 1, bob: 2, cid: 2 }, { ann: 3, bob: 3, cid: 3 }, { ann: 1 }, { bob: 1, cid: 1 }, {}]
      ) {
        for (const worker of ["ann", "bob", "cid"]) {
          assert.deepStrictEqual(LeaseBalancer.balanced(view(worker, leasesOf(loads))), nothing, JSON.stringify(loads))
        }
      }
    })

    it("B55 whoever has its share asks for nothing while others are below theirs", () => {
      const leases = leasesOf({ ann: 34, bob: 56, cid: 10 })
      assert.deepStrictEqual(LeaseBalancer.balanced(view("ann", leases)), nothing)
      assert.strictEqual(LeaseBalancer.balanced(view("cid", leases)).request.length, 23)
    })

    it("asks for at most maxMoves, and never beyond maxLeases", () => {
      const leases = leasesOf({ ann: 1, bob: 19 })
      const asked = (more: Partial<LeaseBalancer.View>) =>
        LeaseBalancer.balanced(view("ann", leases, more)).request.length
      assert.strictEqual(asked({}), 9)
      assert.strictEqual(asked({ maxMoves: 4 }), 4)
      assert.strictEqual(asked({ maxMoves: 0 }), 0)
      assert.strictEqual(asked({ maxLeases: 3 }), 2)
      assert.strictEqual(asked({ maxLeases: 0 }), 0)
    })

    it("what is being handed over is not asked for again, and counts where it goes; the worker still has it", () => {
      const leaving = leasesOf({ ann: 4 }, { handedOffBy: "bob" })
      const leases = [...leaving, ...leasesOf({ bob: 4 })]
      for (const worker of ["ann", "bob"]) assert.deepStrictEqual(LeaseBalancer.balanced(view(worker, leases)), nothing)
      assert.strictEqual(LeaseBalancer.balanced(view("cid", leases)).request.length, 2)
      const free = [...leases, ...leasesOf({ "": 8 })]
      assert.strictEqual(LeaseBalancer.balanced(view("bob", free, { maxLeases: 9 })).claim.length, 1)
      assert.strictEqual(LeaseBalancer.balanced(view("ann", free, { maxLeases: 9 })).claim.length, 4)
      const given = [...leasesOf({ ann: 6 }).slice(3), ...leasesOf({ ann: 3 }, { handedOffBy: "bob" })]
      assert.strictEqual(
        LeaseBalancer.balanced(view("cid", given)).request.length,
        2,
        "bob is there, though nothing is left to it"
      )
    })

    it("B52 a lease that nobody has taken for two lease times is taken beyond the share", () => {
      const leases = (freeForMillis: number) => [
        ...leasesOf({ ann: 5, bob: 1 }),
        ...leasesOf({ "": 4 }, { freeForMillis })
      ]
      const claimed = (worker: string, freeForMillis: number, maxLeases = 100) =>
        LeaseBalancer.balanced(view(worker, leases(freeForMillis), { maxLeases })).claim.length
      assert.strictEqual(claimed("ann", 2 * leaseMillis - 1), 0, "bob may take them")
      assert.strictEqual(claimed("ann", 2 * leaseMillis), 4, "bob must be full")
      assert.strictEqual(claimed("ann", 2 * leaseMillis, 7), 2)
      assert.strictEqual(claimed("ann", 2 * leaseMillis, 3), 0)
      assert.strictEqual(claimed("bob", 2 * leaseMillis, 1), 0)
      assert.strictEqual(claimed("bob", 2 * leaseMillis), 4)
    })

    it("B52 those that are not full take what is overdue among them", () => {
      const leases = [
        ...leasesOf({ ann: 6, bob: 6, cid: 1 }),
        ...leasesOf({ "": 4 }, { freeForMillis: 2 * leaseMillis })
      ]
      for (const worker of ["ann", "bob"]) {
        assert.strictEqual(LeaseBalancer.balanced(view(worker, leases)).claim.length, 2)
      }
    })
  })

  /** The scenarios of DynamoDBLeaseTakerIntegrationTest (awslabs/amazon-kinesis-client): the worker is foo, a lease lasts 10 seconds. */
  describe("KCL's lease taker", () => {
    const lasts = 10_000
    const lease = (leaseKey: string, leaseOwner: string | undefined, leaseCounter = 0): LeaseStore.Lease => ({
      ...LeaseTransition.unowned({
        leaseKey,
        shardId: leaseKey,
        streamIdentifier: undefined,
        checkpoint: undefined,
        parentShardIds: [],
        hashKeyRange: undefined
      }),
      leaseOwner,
      leaseCounter
    })
    const planAt = (
      now: number,
      ...listings: ReadonlyArray<readonly [at: number, ReadonlyArray<LeaseStore.Lease>]>
    ) => {
      const seen = listings.reduce((before, [at, leases]) => LeaseView.observe(before, leases, at), LeaseView.empty)
      const leases = [...seen.values()].map((each) => {
        const isFree = LeaseView.isFree(each, now, lasts)
        const freeSince = each.lease.leaseOwner === undefined ? each.movedAt : each.movedAt + lasts
        return planned(each.lease.leaseKey, isFree ? undefined : each.lease.leaseOwner, {
          freeForMillis: isFree ? now - freeSince : 0
        })
      })
      return LeaseBalancer.balanced(view("foo", leases, { leaseMillis: lasts, maxMoves: 1 }))
    }
    const claims = (...claim: ReadonlyArray<string>) => ({ ...nothing, claim })

    it("one that nobody owns is taken", () => {
      assert.deepStrictEqual(planAt(0, [0, [lease("1", undefined)]]), claims("1"))
    })

    it("one that bar has renewed is not", () => {
      const plan = planAt(lasts + 1, [0, [lease("1", "bar", 1)]], [lasts, [lease("1", "bar", 2)]])
      assert.deepStrictEqual(plan, nothing)
    })

    it("one that is new and owned is not, until the time of a lease is over", () => {
      const listing = [0, [lease("1", "bar")]] as const
      assert.deepStrictEqual(planAt(lasts - 1, listing), nothing)
      assert.deepStrictEqual(planAt(lasts, listing), claims("1"))
    })

    it("3 are free and bar has 1: 2 are taken, and the third when it has been free for long", () => {
      const listing = [...["1", "2", "3"].map((key) => lease(key, undefined)), lease("4", "bar")]
      const renewed = [...listing.slice(0, 3), lease("4", "bar", 1)]
      assert.strictEqual(planAt(0, [0, listing]).claim.length, 2)
      assert.strictEqual(planAt(2 * lasts, [0, listing], [2 * lasts, renewed]).claim.length, 3)
    })

    it("foo has 1, bar 2 and baz 2: nothing is stolen", () => {
      const listing = [["1", "foo"], ["2", "bar"], ["3", "bar"], ["4", "baz"], ["5", "baz"]] as const
      assert.deepStrictEqual(planAt(0, [0, listing.map(([key, owner]) => lease(key, owner))]), nothing)
    })

    it("bar has 1 and baz 5: one of baz's is asked for", () => {
      const bazs = ["2", "3", "4", "5", "6"]
      const plan = planAt(0, [0, [lease("1", "bar"), ...bazs.map((key) => lease(key, "baz"))]])
      assert.deepStrictEqual(plan.claim, [])
      assert.strictEqual(plan.request.length, 1)
      assert.include(bazs, plan.request[0]!)
    })

    it("1 is free and bar has 3: the free one is taken, nothing is stolen", () => {
      const listing = [lease("1", undefined), ...["2", "3", "4"].map((key) => lease(key, "bar"))]
      assert.deepStrictEqual(planAt(0, [0, listing]), claims("1"))
    })
  })

  describe("only", () => {
    const leases = [
      planned("1", "ann"),
      planned("2", "ann"),
      planned("3", "bob"),
      planned("4", "bob"),
      planned("5", undefined),
      planned("6", undefined),
      planned("7", "bob", { handedOffBy: "cid" }),
      planned("8", "bob", { handedOffBy: "ann" })
    ]
    const wants = (...keys: ReadonlyArray<string>) => LeaseBalancer.only((lease) => keys.includes(lease.leaseKey))

    it("takes what is wanted and free, asks for what others have, lets go of the rest", () => {
      assert.deepStrictEqual(wants("1", "3", "5")(view("ann", leases)), {
        claim: ["5"],
        request: ["3"],
        release: ["2"]
      })
      assert.deepStrictEqual(wants()(view("ann", leases)), { ...nothing, release: ["1", "2"] })
      assert.deepStrictEqual(wants("1", "2")(view("ann", leases)), nothing)
    })

    it("leaves alone what is being handed over", () => {
      assert.deepStrictEqual(wants("1", "2", "7", "8")(view("ann", leases)), nothing)
      assert.deepStrictEqual(wants()(view("cid", leases)), nothing)
      const asked = [planned("1", "ann", { handedOffBy: "bob" })]
      assert.deepStrictEqual(wants()(view("ann", asked)), nothing, "not ann's yet")
    })

    it("asks for at most maxMoves, never has more than maxLeases, and takes what is free first", () => {
      const all = LeaseBalancer.only(() => true)
      assert.deepStrictEqual(all(view("ann", leases, { maxMoves: 1 })), {
        claim: ["5", "6"],
        request: ["3"],
        release: []
      })
      assert.deepStrictEqual(all(view("ann", leases, { maxLeases: 6 })), {
        claim: ["5", "6"],
        request: ["3"],
        release: []
      })
      assert.deepStrictEqual(all(view("ann", leases, { maxLeases: 4 })), { ...nothing, claim: ["5"] }, "it still has 8")
      for (const maxLeases of [1, 2]) assert.deepStrictEqual(all(view("ann", leases, { maxLeases })), nothing)
    })

    it("rests once it has what is wanted, whatever the table was", () => {
      fc.assert(fc.property(start, fc.integer({ min: 1, max: 5 }), (of, every) => {
        const isWanted = ({ leaseKey }: { readonly leaseKey: string }) => Number(leaseKey.slice(-6)) % every === 0
        const fleet = fleetOf({ ...of, dead: 0 })
        for (const row of fleet.rows.values()) row.handedOffBy = undefined
        const plan = LeaseBalancer.only(isWanted)(view("worker-0", fleet.seen()))
        for (const leaseKey of plan.claim) fleet.claim("worker-0", leaseKey)
        for (const leaseKey of plan.request) fleet.request("worker-0", leaseKey, fleet.rows.get(leaseKey)!.owner)
        for (const leaseKey of plan.release) fleet.rows.get(leaseKey)!.owner = undefined
        for (const row of fleet.rows.values()) row.handedOffBy = undefined
        const after = fleet.seen()
        for (const lease of after) assert.strictEqual(lease.owner === "worker-0", isWanted(lease), lease.leaseKey)
        assert.deepStrictEqual(LeaseBalancer.only(isWanted)(view("worker-0", after)), nothing)
      }))
    })
  })

  describe("successors", () => {
    it("B63 the others get what a worker leaves, the least loaded first", () => {
      const leases = leasesOf({ ann: 3, bob: 2, cid: 1 })
      const next = Successors.successors({ leases, worker: "ann" }, ["ann-0", "ann-1", "ann-2"])
      assert.deepStrictEqual([...next], [["ann-0", "cid"], ["ann-1", "bob"], ["ann-2", "cid"]])
    })

    it("B63 nobody gets it when there is no other", () => {
      const leases = leasesOf({ ann: 2, "": 1 })
      const next = Successors.successors({ leases, worker: "ann" }, ["ann-0", "ann-1"])
      assert.deepStrictEqual([...next], [["ann-0", undefined], ["ann-1", undefined]])
    })

    it("B55 a worker of a balanced fleet leaves a balanced one", () => {
      fc.assert(fc.property(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 400 }), (workers, shards) => {
        const leases = Array.from({ length: shards }, (_, index) => planned(`${index}`, `worker-${index % workers}`))
        const leaving = leases.filter((lease) => lease.owner === "worker-0").map((lease) => lease.leaseKey)
        const next = Successors.successors({ leases, worker: "worker-0" }, leaving)
        assert.deepStrictEqual([...next.keys()], leaving)
        const left = leases.map((lease) => ({
          ...lease,
          owner: next.has(lease.leaseKey) ? next.get(lease.leaseKey) : lease.owner
        }))
        const others = Math.min(workers, shards) - 1
        if (others === 0) return assert.isUndefined(left[0]!.owner)
        for (let worker = 1; worker <= others; worker++) {
          const load = left.filter((lease) => lease.owner === `worker-${worker}`).length
          assert.include(Object.values(LeaseBalancer.share(shards, others)), load)
          assert.deepStrictEqual(LeaseBalancer.balanced(view(`worker-${worker}`, left)), nothing)
        }
      }))
    })
  })
})
