import * as Sdk from "@aws-sdk/client-kinesis"
import { assert, describe, it } from "@effect/vitest"
import * as Operations from "../src/internal/api/operations.js"
import * as Schemas from "../src/internal/api/schemas.js"
import * as Names from "../src/internal/codec/names.js"

const ofSdk = Object.entries(Sdk as Record<string, unknown>)
  .filter(([, value]) => Array.isArray(value) && value[0] === 9)
  .map(([name]) => name.slice(0, -1))

describe("the operations", () => {
  it("are those of the SDK", () => {
    assert.isAbove(ofSdk.length, 40)
    assert.deepStrictEqual(Object.keys(Schemas.operations).sort(), ofSdk.sort())
  })

  it("have shapes, and names of their own in the engine for each member", () => {
    for (const name of ofSdk) {
      const { input } = Operations.named(name)!
      assert.strictEqual(input.kind, "structure")
      const names = input.kind === "structure" ? input.members.map((member) => member.name) : []
      assert.strictEqual(new Set(names).size, names.length, name)
    }
    assert.isUndefined(Operations.named("constructor"))
  })
})

describe("names", () => {
  const cases: ReadonlyArray<readonly [apiName: string, name: string]> = [
    ["StreamARN", "streamArn"],
    ["ShardId", "shardId"],
    ["ConsumerARN", "consumerArn"],
    ["MaxRecordSizeInKiB", "maxRecordSizeInKiB"],
    ["S3DestinationConfiguration", "s3DestinationConfiguration"],
    ["GSRSchemaARN", "gsrSchemaArn"],
    ["Data", "data"]
  ]
  for (const [apiName, name] of cases) {
    it(`${apiName} is ${name}`, () => {
      assert.strictEqual(Names.ofEngine(apiName), name)
    })
  }
})
