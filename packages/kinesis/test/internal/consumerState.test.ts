import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as ConsumerState from "../../src/internal/shard/consumerState.js"

type State = ConsumerState.ConsumerState

const at = (now: number, askers = 1, random = 0): ConsumerState.Moment => ({ now, askers, random })

const found = (status: "CREATING" | "ACTIVE" | "DELETING", arn = "a"): ConsumerState.ConsumerEvent => ({
  _tag: "Described",
  arn,
  status
})
const missing: ConsumerState.ConsumerEvent = { _tag: "NotFound" }
const registered = (status: "CREATING" | "ACTIVE", arn = "a"): ConsumerState.ConsumerEvent => ({
  _tag: "Registered",
  arn,
  status
})
const refused: ConsumerState.ConsumerEvent = { _tag: "Refused", description: "already exists" }

/** The state after these answers, one second apart. */
const after = (state: State, ...events: ReadonlyArray<ConsumerState.ConsumerEvent>): State =>
  events.reduce((state, event, index) => ConsumerState.step(state, event, at((index + 1) * 1_000)), state)

const byName = ConsumerState.begin("name", at(0))

describe("ConsumerState", () => {
  it("asks at once, and uses a consumer that is ACTIVE", () => {
    assert.deepStrictEqual(ConsumerState.command(byName, true, 0), { _tag: "Describe", by: "name" })
    assert.deepStrictEqual(ConsumerState.command(after(byName, found("ACTIVE")), true, 1_000), {
      _tag: "Use",
      arn: "a"
    })
  })

  it("F114 waits while one is CREATING, 1 to 2 seconds each time", () => {
    const creating = after(byName, found("CREATING"))
    assert.deepStrictEqual(ConsumerState.command(creating, true, 1_500), { _tag: "Wait", until: 2_000 })
    assert.deepStrictEqual(ConsumerState.command(creating, true, 2_000), { _tag: "Describe", by: "name" })
    assert.strictEqual(ConsumerState.pauseMillis(at(0, 1, 0)), 1_000)
    assert.strictEqual(ConsumerState.pauseMillis(at(0, 1, 0.999)), 1_999)
  })

  it("F87 what is DELETING is waited for until it is gone, then registered", () => {
    const deleting = after(byName, found("DELETING"))
    assert.deepStrictEqual(ConsumerState.command(deleting, true, 1_000), { _tag: "Wait", until: 2_000 })
    assert.deepStrictEqual(ConsumerState.command(deleting, true, 2_000), { _tag: "Describe", by: "name" })
    assert.deepStrictEqual(ConsumerState.command(after(deleting, missing), true, 2_000), { _tag: "Register" })
  })

  it("F86 a missing one is not registered where it is not to be", () => {
    const gone = after(byName, missing)
    assert.deepStrictEqual(ConsumerState.command(gone, false, 1_000), { _tag: "Fail", because: "missing" })
    assert.deepStrictEqual(ConsumerState.command(gone, true, 1_000), { _tag: "Register" })
  })

  it("F86 one that is gone by its ARN is looked for by its name, which may have another", () => {
    const byArn = ConsumerState.begin("arn", at(0))
    assert.deepStrictEqual(ConsumerState.command(byArn, false, 0), { _tag: "Describe", by: "arn" })
    const gone = after(byArn, missing)
    assert.deepStrictEqual(ConsumerState.command(gone, false, 1_999), { _tag: "Wait", until: 2_000 })
    assert.deepStrictEqual(ConsumerState.command(gone, false, 2_000), { _tag: "Describe", by: "name" })
    assert.deepStrictEqual(ConsumerState.command(after(gone, found("ACTIVE", "b")), false, 2_000), {
      _tag: "Use",
      arn: "b"
    })
  })

  it("F116 a registration that is refused is another's: it is looked for after a pause", () => {
    const state = after(byName, missing, refused)
    assert.deepStrictEqual(ConsumerState.command(state, true, 2_000), { _tag: "Wait", until: 3_000 })
    assert.deepStrictEqual(ConsumerState.command(state, true, 3_000), { _tag: "Describe", by: "name" })
    assert.strictEqual(state.refusal, "already exists")
  })

  it("F116 where many look, whoever registered looks every 1 to 2 seconds, and the others leave it the calls", () => {
    const among = (event: ConsumerState.ConsumerEvent, state = byName) =>
      ConsumerState.step(state, event, at(5_000, 100)).dueAt - 5_000
    const own = ConsumerState.step(byName, registered("CREATING"), at(4_000, 100))
    assert.strictEqual(own.dueAt, 5_000)
    assert.strictEqual(among(found("CREATING"), own), 1_000)
    assert.isAbove(among(found("CREATING", "another"), own), 10_000)
    assert.isAbove(among(found("CREATING")), 10_000)
    assert.isAbove(among(refused), 10_000)
  })

  it("begins within a round of all who look; alone at once", () => {
    assert.strictEqual(ConsumerState.begin("name", at(7, 1, 0.9)).dueAt, 7)
    assert.strictEqual(ConsumerState.begin("name", at(7, 100, 0)).dueAt, 7)
    assert.strictEqual(ConsumerState.begin("name", at(0, 100, 0.5)).dueAt, 10_000)
    assert.strictEqual(ConsumerState.begin("name", at(0, 100_000, 0.5)).dueAt, 30_000)
  })

  it("looks again at once, unless it has just looked", () => {
    const active = after(byName, found("ACTIVE"))
    assert.strictEqual(ConsumerState.again(active, at(60_000)).dueAt, 60_000)
    assert.strictEqual(ConsumerState.again(active, at(1_001)).dueAt, 2_000)
    assert.deepInclude(ConsumerState.again(active, at(60_000)), { seen: "unknown", arn: undefined, by: "name" })
    assert.strictEqual(ConsumerState.again(active, at(60_000)).deadline, 180_000)
  })

  it("gives up after 2 minutes", () => {
    const creating = ConsumerState.step(byName, found("CREATING"), at(119_500))
    assert.deepStrictEqual(ConsumerState.command(creating, true, 119_500), { _tag: "Wait", until: 120_000 })
    assert.deepStrictEqual(ConsumerState.command(creating, true, 120_000), { _tag: "Fail", because: "late" })
    const active = ConsumerState.step(byName, found("ACTIVE"), at(121_000))
    assert.deepStrictEqual(ConsumerState.command(active, true, 121_000), { _tag: "Use", arn: "a" })
  })

  it("a stream is full with 20 consumers, or with 50 and more", () => {
    assert.deepStrictEqual([19, 20, 21, 49, 50, 51].map(ConsumerState.isFull), [false, true, false, false, true, true])
  })
})

/** A service with one consumer at most, which others may delete and register. */
const anEvent: fc.Arbitrary<ConsumerState.ConsumerEvent> = fc.oneof(
  fc.record({
    _tag: fc.constant("Described" as const),
    arn: fc.constantFrom("a", "b"),
    status: fc.constantFrom("CREATING" as const, "ACTIVE" as const, "DELETING" as const)
  }),
  fc.constant(missing),
  fc.constant(refused)
)

const history = fc.record({
  by: fc.constantFrom("arn" as const, "name" as const),
  register: fc.boolean(),
  askers: fc.constantFrom(1, 2, 50),
  /** What describes and registrations are answered with, and how long that takes. */
  answers: fc.array(
    fc.record({
      event: anEvent,
      isRefused: fc.boolean(),
      permille: fc.nat(999),
      millis: fc.nat(400)
    }),
    { minLength: 250, maxLength: 250 }
  )
})

/** One call, or the end. */
interface Happening {
  readonly at: number
  readonly command: ConsumerState.ConsumerCommand
  readonly answer: ConsumerState.ConsumerEvent | undefined
}

const played = (
  { answers, askers, by, register }: typeof history extends fc.Arbitrary<infer A> ? A : never
): ReadonlyArray<Happening> => {
  const happenings: Array<Happening> = []
  let state = ConsumerState.begin(by, at(0, askers, answers[0]!.permille / 1_000))
  let now = 0
  for (const { event, isRefused, millis, permille } of answers) {
    let command = ConsumerState.command(state, register, now)
    while (command._tag === "Wait") {
      assert.isAbove(command.until, now)
      now = command.until
      command = ConsumerState.command(state, register, now)
    }
    if (command._tag === "Use" || command._tag === "Fail") {
      return [...happenings, { at: now, command, answer: undefined }]
    }
    const answer = command._tag === "Register"
      ? isRefused ? refused : registered("CREATING")
      : event._tag === "Refused"
      ? missing
      : event
    happenings.push({ at: now, command, answer })
    now += millis
    state = ConsumerState.step(state, answer, at(now, askers, permille / 1_000))
  }
  return happenings
}

const property = (test: (happenings: ReadonlyArray<Happening>, register: boolean) => void) =>
  fc.assert(fc.property(history, (given) => test(played(given), given.register)), { numRuns: 100 })

describe("ConsumerState, whatever the service says", () => {
  it("F87 uses what was last described as ACTIVE, and nothing else", () =>
    property((happenings) => {
      const end = happenings.at(-1)!
      if (end.command._tag !== "Use") return
      assert.deepStrictEqual(happenings.at(-2)?.answer, found("ACTIVE", end.command.arn))
    }))

  it("F86 registers only where it is to, and only what a describe by name has not found", () =>
    property((happenings, register) => {
      for (const [index, { command }] of happenings.entries()) {
        if (command._tag !== "Register") continue
        assert.isTrue(register)
        const before = happenings[index - 1]!
        assert.deepStrictEqual(before.command, { _tag: "Describe", by: "name" })
        assert.strictEqual(before.answer, missing)
      }
    }))

  it("describes at most once a second, and registers at most once a second", () =>
    property((happenings) => {
      for (const tag of ["Describe", "Register"] as const) {
        const times = happenings.filter(({ command }) => command._tag === tag).map(({ at }) => at)
        for (const [index, time] of times.entries()) {
          if (index > 0) assert.isAtLeast(time - times[index - 1]!, 1_000)
        }
      }
    }))

  it("ends in 2 minutes and a call", () =>
    property((happenings) => {
      const { at, command } = happenings.at(-1)!
      assert.include(["Use", "Fail"], command._tag)
      const [first] = happenings
      assert.isAtMost(at - first!.at, ConsumerState.patienceMillis + 800)
    }))
})

/** Numbers from 0 to 1 that are spread evenly: the same for a seed. */
const uniform = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), state | 1)
    const again = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61))
    return ((again ^ (again >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Workers that share a consumer, which takes this long to become ACTIVE, after one that is DELETING for so long. */
const fleet = (
  { creatingMillis, deletingMillis, workers }: {
    readonly workers: number
    readonly creatingMillis: number
    readonly deletingMillis: number
  },
  draw: () => number
) => {
  const latency = 80
  const described: Array<number> = []
  const waiting: Array<{ readonly at: number; readonly state: State }> = []
  const moment = (now: number) => at(now, workers, draw())
  let createdAt: number | undefined
  const answerAt = (now: number): ConsumerState.ConsumerEvent =>
    now < deletingMillis
      ? found("DELETING", "former")
      : createdAt === undefined || now < createdAt
      ? missing
      : found(now < createdAt + creatingMillis ? "CREATING" : "ACTIVE")
  for (let worker = 0; worker < workers; worker++) {
    waiting.push({ at: 0, state: ConsumerState.begin("name", moment(0)) })
  }
  let using = 0
  while (waiting.length > 0) {
    waiting.sort((a, b) => a.at - b.at)
    const { at: now, state } = waiting.shift()!
    const command = ConsumerState.command(state, true, now)
    switch (command._tag) {
      case "Wait":
        waiting.push({ at: command.until, state })
        break
      case "Use":
        using++
        break
      case "Fail":
        return assert.fail(`${command.because} at ${now}`)
      case "Describe":
        described.push(now)
        waiting.push({ at: now + latency, state: ConsumerState.step(state, answerAt(now), moment(now + latency)) })
        break
      case "Register": {
        const answer = createdAt === undefined ? registered("CREATING") : refused
        createdAt ??= now + latency / 2
        waiting.push({ at: now + latency, state: ConsumerState.step(state, answer, moment(now + latency)) })
      }
    }
  }
  return { described: described.sort((a, b) => a - b), using }
}

describe("ConsumerState of many workers", () => {
  it.each([
    [100, 0, 0],
    [100, 5_000, 0],
    [100, 30_000, 0],
    [100, 20_000, 20_000],
    [20, 20_000, 0],
    [10, 20_000, 0],
    [250, 20_000, 0]
  ])(
    "F116 %i at once: CREATING for %i ms after DELETING for %i ms, 20 describes a second",
    (workers, creating, deleting) => {
      for (let seed = 1; seed <= 5; seed++) {
        const { described, using } = fleet(
          { workers, creatingMillis: creating, deletingMillis: deleting },
          uniform(seed)
        )
        assert.strictEqual(using, workers)
        for (const [index, time] of described.entries()) {
          const before = described[index - 20]
          if (before !== undefined) assert.isAtLeast(time - before, 1_000)
        }
      }
    }
  )
})
