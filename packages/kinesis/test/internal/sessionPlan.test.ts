import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as SessionPlan from "../../src/internal/wire/sessionPlan.js"

type Plan = SessionPlan.State<SessionPlan.Session, number>

const waiting = (...calls: ReadonlyArray<number>): Plan => {
  const plan = SessionPlan.make<SessionPlan.Session, number>()
  plan.waiting.push(...calls)
  return plan
}

const connected = (plan: Plan, limit: number): SessionPlan.Session => {
  const session = SessionPlan.connecting()
  plan.sessions.add(session)
  SessionPlan.limited(plan, session, limit)
  return session
}

/** Everything that is to be done: the calls that were assigned, and how many sessions were connected. */
const carriedOut = (plan: Plan) => {
  const assigned: Array<readonly [number, SessionPlan.Session]> = []
  let connects = 0
  for (let step = SessionPlan.next(plan); step !== undefined; step = SessionPlan.next(plan)) {
    if (step._tag === "Assign") assigned.push([step.call, step.session])
    else {
      connects++
      plan.sessions.add(SessionPlan.connecting())
    }
  }
  return { assigned, connects }
}

const range = (length: number) => Array.from({ length }, (_, index) => index)

describe("sessionPlan", () => {
  it("connects one session for many calls, and waits for it", () => {
    assert.deepStrictEqual(carriedOut(waiting(...range(40))), { assigned: [], connects: 1 })
    assert.deepStrictEqual(carriedOut(waiting()), { assigned: [], connects: 0 })
  })

  it("F107 opens a stream only when the peer has said how many it takes", () => {
    const plan = waiting(...range(30))
    const first = SessionPlan.connecting()
    plan.sessions.add(first)
    assert.deepStrictEqual(carriedOut(plan), { assigned: [], connects: 0 })
    SessionPlan.limited(plan, first, 10)
    const { assigned, connects } = carriedOut(plan)
    assert.deepStrictEqual(assigned.map(([call]) => call), range(10))
    assert.strictEqual(connects, 2, "20 more calls need two more sessions of ten")
  })

  it("no session takes more than 64 streams, and one at least", () => {
    const plan = waiting()
    const session = connected(plan, 1_000)
    assert.strictEqual(session.limit, 64)
    SessionPlan.limited(plan, session, 0)
    assert.strictEqual(session.limit, 1)
  })

  it("gives a stream to the session that has the fewest", () => {
    const plan = waiting()
    const [a, b] = [connected(plan, 64), connected(plan, 64)]
    a.streams = 5
    b.streams = 3
    plan.waiting.push(...range(4))
    assert.deepStrictEqual(carriedOut(plan).assigned.map(([, session]) => session === a ? "a" : "b"), [
      "b",
      "b",
      "a",
      "b"
    ])
  })

  it("F108 gives none to a session that is closing", () => {
    const plan = waiting(1)
    const session = connected(plan, 64)
    session.isClosing = true
    assert.deepStrictEqual(carriedOut(plan), { assigned: [], connects: 1 })
  })

  it("F109 has no more than 50 calls under way, which an answer and a failure end", () => {
    const plan = waiting(...range(200))
    for (const _ of range(4)) connected(plan, 64)
    assert.strictEqual(carriedOut(plan).assigned.length, 50)
    assert.deepStrictEqual(carriedOut(plan), { assigned: [], connects: 0 })
    for (const _ of range(7)) SessionPlan.answered(plan)
    assert.strictEqual(carriedOut(plan).assigned.length, 7)
  })

  it("a session that could not be connected fails those that wait, unless another is on its way", () => {
    const plan = waiting(1, 2)
    const [a, b] = range(2).map(() => SessionPlan.connecting()) as [SessionPlan.Session, SessionPlan.Session]
    plan.sessions.add(a).add(b)
    assert.deepStrictEqual(SessionPlan.lost(plan, a), [])
    assert.deepStrictEqual(SessionPlan.lost(plan, b), [1, 2])
    assert.deepStrictEqual(plan.waiting, [])
  })

  it("a session that is lost after it worked fails nobody who waits", () => {
    const plan = waiting(1)
    const session = connected(plan, 1)
    session.streams = 1
    assert.deepStrictEqual(SessionPlan.lost(plan, session), [])
    assert.deepStrictEqual(carriedOut(plan), { assigned: [], connects: 1 })
  })

  it("forgets a call that was given up", () => {
    const plan = waiting(1, 2, 3)
    SessionPlan.withdrawn(plan, 2)
    SessionPlan.withdrawn(plan, 9)
    connected(plan, 64)
    assert.deepStrictEqual(carriedOut(plan).assigned.map(([call]) => call), [1, 3])
  })

  it("keeps to the limits in any history, and lets nobody wait who could go", () => {
    const event = fc.constantFrom("call", "call", "call", "settle", "answer", "end", "goaway", "lose", "withdraw")
    fc.assert(fc.property(fc.array(fc.tuple(event, fc.nat(1_000)), { maxLength: 200 }), (events) => {
      const plan = waiting()
      let calls = 0
      const answering: Array<SessionPlan.Session> = []
      const open: Array<SessionPlan.Session> = []
      for (const [event, drawn] of events) {
        const sessions = [...plan.sessions]
        const session = sessions[drawn % sessions.length]
        if (event === "call") plan.waiting.push(calls++)
        else if (event === "withdraw") SessionPlan.withdrawn(plan, drawn % (calls + 1))
        else if (event === "answer" && answering.length > 0) {
          open.push(answering.shift()!)
          SessionPlan.answered(plan)
        } else if (event === "end" && open.length > 0) open.splice(drawn % open.length, 1)[0]!.streams--
        else if (session !== undefined && event === "goaway") session.isClosing = true
        else if (session !== undefined && event === "settle") {
          session.isOpen = true
          SessionPlan.limited(plan, session, drawn % 80)
        } else if (session !== undefined && event === "lose") {
          SessionPlan.lost(plan, session)
          for (const _ of answering.filter((each) => each === session)) SessionPlan.answered(plan)
          for (const list of [answering, open]) list.splice(0, list.length, ...list.filter((each) => each !== session))
        }
        for (const [, given] of carriedOut(plan).assigned) {
          assert.isTrue(given.isOpen && !given.isClosing && given.streams <= given.limit)
          answering.push(given)
        }
        assert.isAtMost(plan.underWay, 50)
        assert.strictEqual(plan.underWay, answering.length)
        const hasRoom = [...plan.sessions].some((each) => each.isOpen && !each.isClosing && each.streams < each.limit)
        assert.isFalse(hasRoom && plan.waiting.length > 0 && plan.underWay < 50, "somebody waits beside room")
        const isComing = [...plan.sessions].some((each) => !each.isClosing && !each.isOpen)
        assert.isTrue(isComing || plan.waiting.length === 0 || plan.underWay === 50, "somebody waits for nothing")
      }
    }))
  })
})
