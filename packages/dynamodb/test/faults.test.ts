import { DynamoDbLeaseStore } from "@effect-kinesis/dynamodb"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope } from "effect"
import { type LeaseStore, Position } from "effect-kinesis"
import { isExpiredCredentials, type LeaseLost } from "effect-kinesis/KinesisError"
import type { LeaseStoreError } from "effect-kinesis/LeaseStoreError"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { useDynalite } from "./support/dynalite.js"
import { makeHandler } from "./support/handler.js"
import { fresh, reach, shard } from "./support/table.js"

const dynalite = useDynalite()

let tables = 0

/** A new table with one lease, that ann has. */
const started = (options: { readonly rowsOfRefusals?: boolean; readonly requestTimeout?: number } = {}) =>
  Effect.gen(function*() {
    const table = `faults-${tables++}`
    const handler = makeHandler(dynalite.url, options)
    const { requestTimeout = "1 minute" } = options
    const store = yield* DynamoDbLeaseStore.make({
      ...reach(dynalite.url),
      requestHandler: handler.requestHandler,
      requestTimeout
    })
    const leases = yield* store.open(table)
    yield* leases.create(fresh())
    const lease = Option.getOrThrow(yield* leases.claim((yield* leases.list)[0]!, "ann"))
    handler.calls.length = 0
    const row = Effect.promise(async () => (await dynalite.raw.get(table, shard))!)
    return { table, handler, leases, lease, row }
  })

const lostOnce = <A>(write: Effect.Effect<A, LeaseLost | LeaseStoreError>) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(write)
    assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Unavailable" })
    return yield* write
  })

describe("what goes wrong on the way to DynamoDB", () => {
  for (const rowsOfRefusals of [false, true]) {
    it.scopedLive(
      `writes whose answers were lost can be made again (${rowsOfRefusals ? "with" : "without"} the row in a refusal)`,
      () =>
        Effect.gen(function*() {
          const { handler, lease, leases, row } = yield* started({ rowsOfRefusals })
          const lose = Effect.sync(() => handler.next("UpdateItem", { _tag: "Lose" }))
          let now: LeaseStore.Lease = lease
          yield* lose
          now = yield* lostOnce(leases.renew(now))
          assert.strictEqual(now.leaseCounter, lease.leaseCounter + 1)
          yield* lose
          now = yield* lostOnce(leases.checkpoint(now, Position.afterSequenceNumber("7")))
          assert.strictEqual(now.leaseCounter, lease.leaseCounter + 2)
          yield* lose
          assert.isTrue(Option.isSome(yield* lostOnce(leases.requestHandoff(now, "bob"))))
          yield* lose
          const asked = (yield* leases.list)[0]!
          assert.isTrue(Option.isSome(yield* lostOnce(leases.withdrawHandoff(asked, "bob"))))
          assert.deepStrictEqual((yield* row)["leaseOwner"], { S: "ann" })
          yield* leases.requestHandoff(now, "bob")
          yield* lose
          yield* lostOnce(leases.release(now, undefined))
          assert.deepStrictEqual((yield* row)["leaseOwner"], { S: "bob" })
          assert.deepStrictEqual((yield* row)["leaseCounter"], { N: String(lease.leaseCounter + 3) })
          const bobs = (yield* leases.owned("bob"))[0]!
          yield* lose
          now = Option.getOrThrow(yield* lostOnce(leases.claim(bobs, "bob")))
          yield* lose
          now = yield* lostOnce(leases.finish(now, ["shardId-000000000001"]))
          assert.deepStrictEqual((yield* row)["leaseCounter"], { N: String(lease.leaseCounter + 5) })
          handler.next("DeleteItem", { _tag: "Lose" })
          assert.isTrue(yield* lostOnce(leases.remove(now)))
          handler.next("PutItem", { _tag: "Lose" })
          assert.isFalse(yield* lostOnce(leases.create(fresh())))
          assert.strictEqual((yield* leases.list).length, 1)
        })
    )
  }

  it.scopedLive("with the row in a refusal a hand-off costs no read, and a lost lease neither", () =>
    Effect.gen(function*() {
      const { handler, lease, leases } = yield* started({ rowsOfRefusals: true })
      yield* leases.requestHandoff(lease, "bob")
      const renewed = yield* leases.renew(lease)
      assert.strictEqual(renewed.checkpointOwner, "ann")
      assert.deepStrictEqual(handler.operations(), ["UpdateItem", "UpdateItem", "UpdateItem"])
      handler.calls.length = 0
      yield* Effect.flip(leases.renew({ ...lease, leaseCounter: 0 }))
      assert.deepStrictEqual(handler.operations(), ["UpdateItem"])
    }))

  it.scopedLive("a row that changes before each write is given up on, as unavailable", () =>
    Effect.gen(function*() {
      const { handler, lease, leases, table } = yield* started()
      let owners = 0
      const refuse = () => {
        handler.next("UpdateItem", {
          _tag: "Before",
          effect: async () => {
            const row = (await dynalite.raw.get(table, shard))!
            await dynalite.raw.put(table, {
              ...row,
              leaseOwner: { S: `next-${owners++}` },
              checkpointOwner: { S: "ann" }
            })
          }
        })
      }
      for (let write = 0; write < 4; write++) refuse()
      yield* leases.renew(lease)
      assert.strictEqual(owners, 4)
      for (let write = 0; write < 5; write++) refuse()
      const error = yield* Effect.flip(leases.renew({ ...lease, leaseCounter: lease.leaseCounter + 1 }))
      assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Unavailable" })
      assert.include(error.message, "the row changed before each of 5 writes")
    }))

  it.scopedLive("rows that BatchGetItem leaves out are asked for again, for a while", () =>
    Effect.gen(function*() {
      const { handler, leases, table } = yield* started()
      const left = {
        _tag: "Answer",
        body: { Responses: {}, UnprocessedKeys: { [table]: { Keys: [{ leaseKey: { S: shard } }] } } }
      } as const
      handler.next("BatchGetItem", left)
      handler.next("BatchGetItem", left)
      assert.strictEqual((yield* leases.owned("ann")).length, 1)
      assert.strictEqual(handler.operations().filter((name) => name === "BatchGetItem").length, 3)
      for (let time = 0; time < 4; time++) handler.next("BatchGetItem", left)
      const error = yield* Effect.flip(leases.owned("ann"))
      assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Throttled" })
    }))

  it.scopedLive("a row that has another owner than the index has is left out", () =>
    Effect.gen(function*() {
      const { handler, leases } = yield* started()
      handler.next("Query", {
        _tag: "Answer",
        body: { Items: [{ leaseKey: { S: shard } }, { leaseKey: { S: "gone" } }] }
      })
      assert.deepStrictEqual(yield* leases.owned("bob"), [])
    }))

  it.scopedLive("B10 DynamoDB's errors are typed, and name what was called", () =>
    Effect.gen(function*() {
      const { handler, lease, leases, table } = yield* started()
      for (
        const [name, status, reason, tag, limit] of [
          ["ProvisionedThroughputExceededException", 400, "Throttled", "ThrottledError", "throughput"],
          ["ThrottlingException", 400, "Throttled", "ThrottledError", "limit"],
          ["RequestLimitExceeded", 400, "Throttled", "ThrottledError", "limit"],
          ["TransactionConflictException", 400, "Unavailable", "ServiceUnavailable"],
          ["ReplicatedWriteConflictException", 400, "Unavailable", "ServiceUnavailable"],
          ["ItemCollectionSizeLimitExceededException", 400, "Invalid", "InvalidArgument"],
          ["ResourceNotFoundException", 400, "NotFound", "ResourceNotFound"],
          ["ValidationException", 400, "Invalid", "InvalidArgument"],
          ["InternalServerError", 500, "Unavailable", "ServiceUnavailable"],
          ["AccessDeniedException", 400, "Denied", "AccessDenied"],
          ["ExpiredTokenException", 400, "Denied", "AccessDenied"]
        ] as const
      ) {
        handler.next("UpdateItem", { _tag: "Refuse", name, status })
        const error = yield* Effect.flip(leases.renew(lease))
        assert.deepInclude(error, {
          _tag: "LeaseStoreError",
          operation: "UpdateItem",
          reason,
          application: table,
          table,
          leaseKey: shard,
          shardId: shard
        }, name)
        const cause: any = error._tag === "LeaseStoreError" ? error.cause : undefined
        assert.strictEqual(cause._tag, tag, name)
        if (limit !== undefined) assert.strictEqual(cause.reason, limit)
        if (limit !== undefined) assert.include(error.message, `throttled (${limit})`)
        assert.include(error.message, `UpdateItem on ${shard}`)
        assert.include(error.message, `table ${table}`)
        if (tag === "AccessDenied") assert.strictEqual(cause.action, "dynamodb:UpdateItem")
        if (name === "AccessDeniedException") assert.include(error.message, "the call needs dynamodb:UpdateItem")
        if (name === "ExpiredTokenException") assert.include(error.message, "the credentials have expired")
        assert.strictEqual(isExpiredCredentials(error), name === "ExpiredTokenException")
      }
      handler.next("Scan", { _tag: "Refuse", name: "ProvisionedThroughputExceededException" })
      assert.deepInclude(yield* Effect.flip(leases.list), { _tag: "LeaseStoreError", reason: "Throttled" })
      handler.calls.length = 0
      handler.next("UpdateItem", { _tag: "Refuse", name: "ThrottlingException" })
      yield* Effect.flip(leases.renew(lease))
      assert.deepStrictEqual(handler.operations(), ["UpdateItem"])
    }))

  it.scopedLive("a call without an answer is over in time, and aborted", () =>
    Effect.gen(function*() {
      const { handler, lease, leases, table } = yield* started({ requestTimeout: 2_000 })
      handler.next("UpdateItem", { _tag: "Hang" })
      const error = yield* Effect.flip(leases.renew(lease))
      assert.deepInclude(error, { _tag: "LeaseStoreError", reason: "Timeout", table, leaseKey: shard })
      assert.include(error.message, "waited 2s")
      assert.strictEqual(handler.aborted(), 1)
    }))

  it.scopedLive("interruption aborts the request", () =>
    Effect.gen(function*() {
      const { handler, lease, leases } = yield* started()
      handler.next("UpdateItem", { _tag: "Hang" })
      const fiber = yield* Effect.fork(leases.renew(lease))
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => handler.calls.length > 0 })
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isInterrupted(exit))
      assert.strictEqual(handler.aborted(), 1)
    }))

  it.live("nothing is left open after the scope, and connections are used again within it", () =>
    Effect.gen(function*() {
      const sockets = new Set<Socket>()
      let connections = 0
      const proxy = Http.createServer((request, response) => {
        const on = Http.request(dynalite.url, { method: request.method!, headers: request.headers }, (answer) => {
          response.writeHead(answer.statusCode!, answer.headers)
          answer.pipe(response)
        })
        request.pipe(on)
      })
      proxy.keepAliveTimeout = 0
      proxy.on("connection", (socket) => {
        connections++
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
      })
      yield* Effect.async<void>((resume) => void proxy.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
      const scope = yield* Scope.make()
      const store = yield* Scope.extend(
        DynamoDbLeaseStore.make(reach(endpoint)),
        scope
      )
      const leases = yield* store.open(`faults-${tables++}`)
      yield* leases.create(fresh())
      for (let time = 0; time < 5; time++) yield* leases.list
      assert.isAtMost(connections, 2)
      assert.isAtLeast(sockets.size, 1)
      yield* Scope.close(scope, Exit.void)
      yield* Effect.sleep("20 millis").pipe(
        Effect.repeat({ until: () => sockets.size === 0 })
      )
      assert.strictEqual(sockets.size, 0)
      proxy.close()
    }))

  it.live("a service that cannot be reached, and settings that are missing, are told apart", () =>
    Effect.gen(function*() {
      const open = (options: DynamoDbLeaseStore.Options) =>
        Effect.flip(Effect.scoped(Effect.flatMap(DynamoDbLeaseStore.make(options), (store) => store.open("orders"))))
      const unreachable = yield* open(reach("http://127.0.0.1:9"))
      assert.deepInclude(unreachable, { _tag: "LeaseStoreError", reason: "Unavailable" })
      const noCredentials = yield* open({
        ...reach(dynalite.url),
        credentials: () => Promise.reject(new Error("Could not load credentials from any providers"))
      })
      assert.deepInclude(noCredentials, { _tag: "LeaseStoreError", reason: "Credentials" })
      assert.include(noCredentials.message, "DescribeTable: no credentials from the AWS SDK's chain of providers")
    }))

  it.scopedLive("of twenty stores' claims at once one wins, in a table of their own making", () =>
    Effect.gen(function*() {
      const table = `faults-${tables++}`
      const stores = yield* Effect.forEach(
        Array.from({ length: 20 }),
        () => DynamoDbLeaseStore.make(reach(dynalite.url))
      )
      const all = yield* Effect.forEach(stores, (store) => store.open(table), { concurrency: "unbounded" })
      yield* all[0]!.create(fresh())
      const [seen] = yield* all[0]!.list
      const claims = yield* Effect.forEach(all, (leases, index) => leases.claim(seen!, `worker-${index}`), {
        concurrency: "unbounded"
      })
      assert.strictEqual(claims.filter(Option.isSome).length, 1)
      const [now] = yield* all[1]!.list
      assert.strictEqual(now!.leaseCounter, 1)
      assert.strictEqual(now!.leaseOwner, claims.find(Option.isSome)!.value.leaseOwner)
    }))
})
